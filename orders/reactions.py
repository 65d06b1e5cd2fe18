"""What orders does when something has happened elsewhere: it keeps the status, and cancels what has to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from orders import services
from orders.events import OrderCancellationRejected, OrderCancelled
from orders.readers import (
    PaymentDeclined,
    PaymentExpired,
    Progress,
    ShipmentFailed,
    ShipmentStopped,
    ShipmentStopRefused,
    StockReservationFailed,
)
from orders.status import CANCELLED, CLOSING, FOLDED
from outbox import Batch, Ignored, closing_events_are, reacts_to

closing_events_are(CANCELLED, CLOSING)


@reacts_to(*FOLDED, within=timedelta(seconds=60), folds=True)
def track_progress(news: Batch[Progress]) -> None:
    """Folds the events into each order's status."""
    services.track(news)


@reacts_to(
    "inventory.StockReservationFailed",
    "payments.PaymentDeclined",
    "payments.PaymentExpired",
    "shipping.ShipmentFailed",
    within=timedelta(seconds=30),
)
def cancel_refused(
    refusals: Batch[StockReservationFailed | PaymentDeclined | PaymentExpired | ShipmentFailed],
) -> Iterator[OrderCancelled | Ignored]:
    """Turns a refusal by stock, payment or carrier into the order's cancellation, which all modules react to."""
    yield from services.cancel_refused(refusals)


@reacts_to("shipping.ShipmentStopped", "shipping.ShipmentStopRefused", within=timedelta(seconds=30))
def settle_cancellation(
    decisions: Batch[ShipmentStopped | ShipmentStopRefused],
) -> Iterator[OrderCancelled | OrderCancellationRejected | Ignored]:
    """Turns shipping's decision on a request into the order's cancellation, or into its rejection."""
    yield from services.settle_requests(decisions)
