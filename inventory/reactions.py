"""What inventory does when something has happened: it holds, releases and hands out stock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from inventory import services
from inventory.events import StockCommitted, StockReleased, StockReservationFailed, StockReserved
from inventory.readers import OrderCancelled, OrderPlaced, OrderShipped
from outbox import Batch, Ignored, NotReadyYet, reacts_to


@reacts_to("orders.OrderPlaced", within=timedelta(seconds=30))
def reserve_stock(placed: Batch[OrderPlaced]) -> Iterator[StockReserved | StockReservationFailed | Ignored]:
    """Holds all lines of the order, or none and says which are short."""
    yield from services.reserve(placed)


@reacts_to("orders.OrderCancelled", within=timedelta(seconds=60))
def release_stock(cancelled: Batch[OrderCancelled]) -> Iterator[StockReleased | Ignored]:
    """Releases what is held for a cancelled order, and sees to it that nothing will be."""
    yield from services.release(cancelled)


@reacts_to("shipping.OrderShipped", within=timedelta(seconds=60))
def commit_stock(shipped: Batch[OrderShipped]) -> Iterator[StockCommitted | Ignored | NotReadyYet]:
    """Takes what was held off the stock, for it has left the warehouse."""
    yield from services.commit(shipped)
