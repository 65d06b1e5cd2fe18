"""What shipping does when something has happened: it ships what is paid, and stops what is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from outbox import Batch, Ignored, Waiting, reacts_to
from shipping import services
from shipping.events import OrderShipped, ShipmentStopped
from shipping.readers import OrderCancelled, OrderPlaced, PaymentCaptured


@reacts_to("orders.OrderPlaced", "payments.PaymentCaptured", within=timedelta(seconds=30))
def ship_order(news: Batch[OrderPlaced | PaymentCaptured]) -> Iterator[OrderShipped | Waiting | Ignored]:
    """Ships the order when its address and its payment are both known."""
    yield from services.ship_paid(news)


@reacts_to("orders.OrderCancelled", within=timedelta(seconds=30))
def stop_shipment(cancelled: Batch[OrderCancelled]) -> Iterator[ShipmentStopped | Ignored]:
    """Sees to it that nothing is shipped for a cancelled order."""
    yield from services.stop(cancelled)
