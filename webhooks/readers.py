"""What webhooks hears of the other apps, which is what it tells other systems: these events, and these fields.

Nothing personal is among them. `customer_id` says whose order it is, and is told to nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from outbox import EnvelopeReader, Money


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a SKU."""

    sku: str
    quantity: int


class OrderPlaced(EnvelopeReader, frozen=True, kw_only=True):
    number: str
    customer_id: int
    lines: tuple[OrderedLine, ...]
    total: Money


class OrderCancellationRequested(EnvelopeReader, frozen=True, kw_only=True):
    requested_by: Literal["customer", "staff"]


class OrderCancellationRejected(EnvelopeReader, frozen=True, kw_only=True):
    reason: str


class OrderCancelled(EnvelopeReader, frozen=True, kw_only=True):
    reason: str


class StockReserved(EnvelopeReader, frozen=True, kw_only=True):
    pass


class StockReservationFailed(EnvelopeReader, frozen=True, kw_only=True):
    pass


class StockReleased(EnvelopeReader, frozen=True, kw_only=True):
    pass


class StockCommitted(EnvelopeReader, frozen=True, kw_only=True):
    pass


class PaymentCaptured(EnvelopeReader, frozen=True, kw_only=True):
    amount: Money


class PaymentDeclined(EnvelopeReader, frozen=True, kw_only=True):
    code: str


class PaymentExpired(EnvelopeReader, frozen=True, kw_only=True):
    pass


class PaymentVoided(EnvelopeReader, frozen=True, kw_only=True):
    pass


class LatePaymentReceived(EnvelopeReader, frozen=True, kw_only=True):
    amount: Money


class PaymentPartlyRefunded(EnvelopeReader, frozen=True, kw_only=True):
    refund_id: UUID
    amount: Money


class PaymentRefunded(EnvelopeReader, frozen=True, kw_only=True):
    amount: Money


class OrderShipped(EnvelopeReader, frozen=True, kw_only=True):
    shipment_id: UUID
    carrier: str
    tracking_number: str


class ShipmentFailed(EnvelopeReader, frozen=True, kw_only=True):
    reason: str


class ShipmentStopped(EnvelopeReader, frozen=True, kw_only=True):
    pass


class ShipmentDelivered(EnvelopeReader, frozen=True, kw_only=True):
    shipment_id: UUID
    delivered_at: datetime


PublicEvent = (
    OrderPlaced
    | OrderCancellationRequested
    | OrderCancellationRejected
    | OrderCancelled
    | StockReserved
    | StockReservationFailed
    | StockReleased
    | StockCommitted
    | PaymentCaptured
    | PaymentDeclined
    | PaymentExpired
    | PaymentVoided
    | LatePaymentReceived
    | PaymentPartlyRefunded
    | PaymentRefunded
    | OrderShipped
    | ShipmentFailed
    | ShipmentStopped
    | ShipmentDelivered
)

# By what name each is told, which is its name on the wire.
PUBLIC: dict[type[PublicEvent], str] = {
    OrderPlaced: "orders.OrderPlaced",
    OrderCancellationRequested: "orders.OrderCancellationRequested",
    OrderCancellationRejected: "orders.OrderCancellationRejected",
    OrderCancelled: "orders.OrderCancelled",
    StockReserved: "inventory.StockReserved",
    StockReservationFailed: "inventory.StockReservationFailed",
    StockReleased: "inventory.StockReleased",
    StockCommitted: "inventory.StockCommitted",
    PaymentCaptured: "payments.PaymentCaptured",
    PaymentDeclined: "payments.PaymentDeclined",
    PaymentExpired: "payments.PaymentExpired",
    PaymentVoided: "payments.PaymentVoided",
    LatePaymentReceived: "payments.LatePaymentReceived",
    PaymentPartlyRefunded: "payments.PaymentPartlyRefunded",
    PaymentRefunded: "payments.PaymentRefunded",
    OrderShipped: "shipping.OrderShipped",
    ShipmentFailed: "shipping.ShipmentFailed",
    ShipmentStopped: "shipping.ShipmentStopped",
    ShipmentDelivered: "shipping.ShipmentDelivered",
}
