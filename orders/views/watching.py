"""Waiting for an order to move on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from api.waiting import Seats, Watch
from orders.models import Order, Status


class Progress(NamedTuple):
    """How far an order has come: every event that changes what is shown of it is one more that it has seen."""

    status: str
    events: int


def progress_of(order: Order) -> Progress:
    return Progress(order.status, len(order.seen))


def _look(order_ids: Collection[UUID]) -> Mapping[UUID, Progress]:
    return {order.pk: progress_of(order) for order in Order.objects.filter(pk__in=order_ids).only("status", "seen")}


ORDERS = Watch(_look)
LONG_POLLS = Seats(settings.API_WAITERS)

# Whoever places an order and would rather wait, waits for one of these.
DECIDED = frozenset(Status.values) - {Status.PLACED, Status.RESERVED, Status.CANCELLING}


def changes(order: Order, seconds: float) -> bool:
    """Whether the order has moved on within so many seconds; if too many requests wait already, it is not waited."""
    known = progress_of(order)
    with LONG_POLLS.one() as seated:
        return seated and ORDERS.wait(order.pk, lambda progress: progress != known, seconds)


def decided(order_id: UUID, seconds: float) -> bool:
    """Whether the order is paid, or cancelled, within so many seconds; the same holds."""
    with LONG_POLLS.one() as seated:
        return seated and ORDERS.wait(order_id, lambda progress: progress.status in DECIDED, seconds)
