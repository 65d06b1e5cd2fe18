"""What orders does when something has happened elsewhere: it keeps the status, and cancels what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from orders import services
from orders.events import OrderCancelled
from orders.readers import PaymentDeclined, Progress, StockReservationFailed
from orders.status import FOLDED
from outbox import Batch, Ignored, reacts_to


@reacts_to(*FOLDED, within=timedelta(seconds=60), folds=True)
def track_progress(news: Batch[Progress]) -> None:
    """Folds the events into each order's status."""
    services.track(news)


@reacts_to("inventory.StockReservationFailed", "payments.PaymentDeclined", within=timedelta(seconds=30))
def cancel_refused(refusals: Batch[StockReservationFailed | PaymentDeclined]) -> Iterator[OrderCancelled | Ignored]:
    """Turns a refusal by stock or payment into the order's cancellation, which all modules react to."""
    yield from services.cancel_refused(refusals)
