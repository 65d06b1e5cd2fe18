"""The facts that orders publishes."""

from __future__ import annotations

from typing import Literal

import msgspec

from outbox import Event, Money

CancelReason = Literal["inventory", "declined", "customer", "staff", "fulfilment", "expired"]


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `quantity` units of a SKU at the price that was valid when the order was placed."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ship to; `country` is an ISO 3166-1 alpha-2 code. Personal."""

    recipient: str
    lines: tuple[str, ...]
    locality: str
    country: str
    postal_code: str = ""


class OrderPlaced(Event, frozen=True, kw_only=True):
    """A customer has placed an order; it is accepted, and nothing has been reserved or charged yet."""

    number: str
    customer_id: int
    customer_email: str
    lines: tuple[OrderedLine, ...]
    total: Money
    payment_method: str
    ship_to: Address


class OrderCancelled(Event, frozen=True, kw_only=True):
    """The order will not be fulfilled; every module now closes its book. What led to it stands in the envelope."""

    reason: CancelReason
