"""What notifications hears of the other apps, and how much of it."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from outbox import Money, Reader


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a product."""

    name: str
    quantity: int


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Of the address only whom to greet. Personal."""

    recipient: str


class OrderPlaced(Reader, frozen=True, kw_only=True):
    number: str
    customer_email: str
    lines: tuple[OrderedLine, ...]
    ship_to: Address


class PaymentCaptured(Reader, frozen=True, kw_only=True):
    amount: Money


class OrderShipped(Reader, frozen=True, kw_only=True):
    carrier: str
    tracking_number: str


class OrderCancelled(Reader, frozen=True, kw_only=True):
    reason: Literal["inventory", "declined", "customer", "staff", "fulfilment", "expired"]


class OrderCancellationRejected(Reader, frozen=True, kw_only=True):
    pass


class ShipmentDelivered(Reader, frozen=True, kw_only=True):
    pass


class PaymentPartlyRefunded(Reader, frozen=True, kw_only=True):
    refund_id: UUID
    amount: Money


class PaymentRefunded(Reader, frozen=True, kw_only=True):
    pass


News = (
    OrderPlaced
    | PaymentCaptured
    | OrderShipped
    | ShipmentDelivered
    | OrderCancelled
    | OrderCancellationRejected
    | PaymentPartlyRefunded
    | PaymentRefunded
)
