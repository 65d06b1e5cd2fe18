"""What payments does when something has happened: it takes money once there is stock, and voids what is cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from outbox import Batch, Ignored, NotReadyYet, Waiting, effect, reacts_to
from payments import gateway, services
from payments.events import PaymentCaptured, PaymentCaptureStarted, PaymentDeclined, PaymentVoided
from payments.gateway import CaptureIntent, CaptureOutcome
from payments.readers import OrderCancelled, OrderPlaced, StockReserved


@reacts_to("orders.OrderPlaced", "inventory.StockReserved", within=timedelta(seconds=60))
def start_capture(news: Batch[OrderPlaced | StockReserved]) -> Iterator[PaymentCaptureStarted | Waiting | Ignored]:
    """Starts the capture when the order and its reservation are both known."""
    yield from services.start_captures(news)


@effect("payments.PaymentCaptureStarted", timeout=gateway.TIMEOUT, width=10, within=timedelta(seconds=60))
class CapturePayment:
    """Asks the payment provider for the money."""

    def prepare(self, started: Batch[PaymentCaptureStarted]) -> Iterator[CaptureIntent | Ignored]:
        yield from services.prepare_captures(started)

    def call(self, intent: CaptureIntent) -> CaptureOutcome:
        return gateway.capture(intent)

    def look_up(self, intent: CaptureIntent) -> CaptureOutcome | None:
        return gateway.look_up(intent)

    def record(self, outcomes: Sequence[CaptureOutcome]) -> Iterator[PaymentCaptured | PaymentDeclined | Ignored]:
        yield from services.record_captures(outcomes)


@reacts_to("orders.OrderCancelled", within=timedelta(minutes=5))
def void_payment(cancelled: Batch[OrderCancelled]) -> Iterator[PaymentVoided | Ignored | NotReadyYet]:
    """Sees to it that nothing is taken for a cancelled order."""
    yield from services.void(cancelled)
