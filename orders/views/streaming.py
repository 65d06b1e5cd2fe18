"""The events of an order as a stream: what there is, then what comes, until the order is settled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from api.streaming import HEARTBEAT, HEARTBEAT_LINES, Place, Places, message
from orders.models import Order
from orders.serializers import History
from orders.status import SETTLED
from orders.views.watching import ORDERS, Progress, progress_of
from outbox.history import history_of
from outbox.models import Event

STREAMS_PER_USER = 3
STREAMS = Places(settings.API_STREAMS, per_user=STREAMS_PER_USER)

Tell = Callable[[Sequence[Event]], History]


class Look(NamedTuple):
    """An order at one moment: how far it is, what is told of it, and whether nothing more is to come."""

    progress: Progress
    told: History
    over: bool


async def stream_of(order_id: UUID, after: int, tell: Tell, place: Place) -> AsyncIterator[bytes]:
    """Yields the order's events after this position as they come; in between, signs of life.

    The database is asked only when the order has moved on, and no connection is held meanwhile.
    """
    try:
        while True:
            look = await sync_to_async(_look)(order_id, tell)
            for entry in look.told.data:
                if entry.position > after:
                    yield message(id=entry.position, event=entry.name, data=entry)
                    after = entry.position
            if look.over:
                return
            if not await sync_to_async(_moves_on)(order_id, look.progress):
                yield HEARTBEAT_LINES
    finally:
        place.leave()


def _look(order_id: UUID, tell: Tell) -> Look:
    """The order is read before its events: what it has seen has happened, though the history may hold it back still."""
    order = Order.objects.only("status", "seen").get(pk=order_id)
    events = history_of(order_id)
    over = order.status in SETTLED and set(order.seen) <= {event.name for event in events}
    look = Look(progress_of(order), tell(events), over)
    connection.close()
    return look


def _moves_on(order_id: UUID, known: Progress) -> bool:
    return ORDERS.wait(order_id, lambda progress: progress != known, HEARTBEAT)
