"""What orders hears of the other apps. It needs to know that these have happened, and nothing of what they say."""

from __future__ import annotations

from orders.events import OrderCancellationRejected, OrderCancellationRequested, OrderCancelled
from outbox import Reader


class StockReserved(Reader, frozen=True, kw_only=True):
    pass


class StockReservationFailed(Reader, frozen=True, kw_only=True):
    pass


class StockReleased(Reader, frozen=True, kw_only=True):
    pass


class StockCommitted(Reader, frozen=True, kw_only=True):
    pass


class PaymentCaptured(Reader, frozen=True, kw_only=True):
    pass


class PaymentDeclined(Reader, frozen=True, kw_only=True):
    pass


class PaymentExpired(Reader, frozen=True, kw_only=True):
    pass


class PaymentVoided(Reader, frozen=True, kw_only=True):
    pass


class LatePaymentReceived(Reader, frozen=True, kw_only=True):
    pass


class PaymentPartlyRefunded(Reader, frozen=True, kw_only=True):
    pass


class PaymentRefunded(Reader, frozen=True, kw_only=True):
    pass


class PaymentRefundFailed(Reader, frozen=True, kw_only=True):
    pass


class OrderShipped(Reader, frozen=True, kw_only=True):
    pass


class ShipmentFailed(Reader, frozen=True, kw_only=True):
    pass


class ShipmentStopped(Reader, frozen=True, kw_only=True):
    pass


class ShipmentStopRefused(Reader, frozen=True, kw_only=True):
    pass


class ShipmentDelivered(Reader, frozen=True, kw_only=True):
    pass


Refusal = StockReservationFailed | PaymentDeclined | PaymentExpired | ShipmentFailed

Progress = (
    OrderCancellationRequested
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
    | PaymentRefundFailed
    | OrderShipped
    | ShipmentFailed
    | ShipmentStopped
    | ShipmentDelivered
)
