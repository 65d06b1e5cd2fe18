"""The outlooks of many orders at once, in a number of statements that does not depend on how many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Prefetch

from outbox.expectations.deriving import derive
from outbox.expectations.expectation import Outlook
from outbox.expectations.world import World
from outbox.models import Attempt, Delivery, Event


def outlooks(order_ids: Collection[UUID], world: World) -> dict[UUID, Outlook]:
    """Returns what is owed to each of these orders, in three statements."""
    events: dict[UUID, list[Event]] = defaultdict(list)
    deliveries: dict[UUID, list[Delivery]] = defaultdict(list)
    found = Event.objects.filter(order_id__in=order_ids).select_related("pendingevent").defer("payload")
    for event in found.order_by("position"):
        events[event.order_id].append(event)
    for delivery in _deliveries([event.position for rows in events.values() for event in rows]):
        deliveries[delivery.order_id].append(delivery)
    return {order_id: derive(order_id, events[order_id], deliveries[order_id], world) for order_id in order_ids}


def _deliveries(positions: Collection[int]) -> list[Delivery]:
    attempts = Prefetch("failed_attempts", Attempt.objects.defer("traceback", "message"))
    rows = Delivery.objects.filter(event__in=positions).select_related("dispatch")
    return list(rows.prefetch_related(attempts).order_by("pk"))
