"""The facts that orders publishes."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from outbox import Event, Findable, Money, Personal

CancelReason = Literal["inventory", "declined", "customer", "staff", "fulfilment", "expired"]
RequestedBy = Literal["customer", "staff"]
WhyCancel = Literal["changed_mind", "ordered_by_mistake", "takes_too_long", "fraud", "other"]


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `quantity` units of a SKU at the price that was valid when the order was placed."""

    sku: Findable[str]
    name: str
    quantity: int
    unit_price: Money
    total: Money


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ship to; `country` is an ISO 3166-1 alpha-2 code."""

    recipient: Personal[str]
    lines: Personal[tuple[str, ...]]
    locality: Personal[str]
    country: str
    postal_code: Personal[str] = ""


class OrderPlaced(Event, frozen=True, kw_only=True):
    """A customer has placed an order; it is accepted, and nothing has been reserved or charged yet.

    `sandbox`: nothing of it is real; payment methods and postcodes of the sandbox steer what becomes of it.
    """

    number: str
    customer_id: int
    customer_email: Findable[Personal[str]]
    lines: tuple[OrderedLine, ...]
    total: Money
    payment_method: str
    ship_to: Address
    sandbox: bool


class OrderCancellationRequested(Event, frozen=True, kw_only=True):
    """Somebody wants the order cancelled. Shipping decides whether it is too late; until then nothing is cancelled."""

    request_id: UUID
    reason: WhyCancel
    note: str
    requested_by: RequestedBy


class OrderCancellationRejected(Event, frozen=True, kw_only=True):
    """The order cannot be cancelled any more: shipping has refused to stop it."""

    request_id: UUID
    reason: Literal["already_dispatched"]


class OrderCancelled(Event, frozen=True, kw_only=True):
    """The order will not be fulfilled; every module now closes its book. What led to it stands in the envelope."""

    discharges_joins: ClassVar[bool] = True

    reason: CancelReason
