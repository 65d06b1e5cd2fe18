"""What shipping does when something has happened: it ships what is paid, and stops what is not to be shipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings

from outbox import Batch, Ignored, NotReadyYet, Waiting, effect, reacts_to
from shipping import gateway, services
from shipping.events import OrderShipped, ShipmentFailed, ShipmentStopped, ShipmentStopRefused
from shipping.gateway import LabelIntent, LabelOutcome
from shipping.readers import OrderCancellationRequested, OrderCancelled, OrderPlaced, PaymentCaptured

TO_SHIP = timedelta(seconds=30) if settings.SANDBOX else timedelta(hours=24)


@effect(
    "orders.OrderPlaced",
    "payments.PaymentCaptured",
    timeout=gateway.TIMEOUT,
    width=50,
    batch_size=200,  # of which half, as a rule, only take note
    within=TO_SHIP,
)
class BuyLabel:
    """Buys the label from the carrier, who then has the parcel, once the address and the payment are both known."""

    def prepare(self, news: Batch[OrderPlaced | PaymentCaptured]) -> Iterator[LabelIntent | Waiting | Ignored]:
        yield from services.prepare_labels(news)

    def call(self, intent: LabelIntent) -> LabelOutcome:
        return gateway.buy_label(intent)

    def look_up(self, intent: LabelIntent) -> LabelOutcome | None:
        return gateway.look_up(intent)

    def record(self, outcomes: Sequence[LabelOutcome]) -> Iterator[OrderShipped | ShipmentFailed | Ignored]:
        yield from services.record_labels(outcomes)


@reacts_to("orders.OrderCancellationRequested", within=timedelta(seconds=30))
def decide_cancellation(
    requested: Batch[OrderCancellationRequested],
) -> Iterator[ShipmentStopped | ShipmentStopRefused | Ignored | NotReadyYet]:
    """Decides whether an order can still be cancelled: stops its shipment, or says that it is too late."""
    yield from services.decide(requested)


@reacts_to("orders.OrderCancelled", within=timedelta(seconds=30))
def stop_shipment(cancelled: Batch[OrderCancelled]) -> Iterator[ShipmentStopped | Ignored | NotReadyYet]:
    """Sees to it that nothing is shipped for a cancelled order."""
    yield from services.stop(cancelled)
