"""The history of an order, and of all: events in the order of their positions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from outbox.models import Event

# Positions are handed out before commit. Events of transactions that may still be running beside older ones are held
# back until those have ended, so that whoever pages by position skips nothing. An event that can be seen although its
# transaction is yet to come on this server was restored from another server's dump (or is our own, not yet committed).
HISTORY = """
SELECT * FROM outbox_event
WHERE order_id = %s AND position > %s
AND (xid < pg_snapshot_xmin(pg_current_snapshot()) OR xid >= pg_snapshot_xmax(pg_current_snapshot()))
ORDER BY position LIMIT %s
"""


def history_of(order_id: UUID, after: int = 0, limit: int = 1000) -> list[Event]:
    """Returns at most `limit` events of the order after the position `after`, oldest first."""
    return list(Event.objects.raw(HISTORY, [order_id, after, limit]))


def names_of(order_ids: Iterable[UUID]) -> dict[UUID, set[str]]:
    """Returns the names of the events of each of these orders that has any."""
    names: dict[UUID, set[str]] = defaultdict(set)
    rows = Event.objects.filter(order_id__in=order_ids).order_by().values_list("order_id", "name").distinct()
    for order_id, name in rows:
        names[order_id].add(name)
    return dict(names)


def orders_with_any(names: Iterable[str], most: int) -> QuerySet[Any, Any]:
    """Returns as a subquery the ids of the orders of the newest `most` events of each of these names."""
    newest = [Event.objects.filter(name=name).order_by("-position").values("order_id")[:most] for name in names]
    return newest[0].union(*newest[1:]) if len(newest) > 1 else newest[0]


# One event with a position beside others that have none tells of a transaction that has been given the position and is
# still running, or was undone. None of ours goes on for longer than this after it has published.
LONGEST_TRANSACTION = timedelta(seconds=60)


def feed(after: int = 0, limit: int = 1000) -> list[Event]:
    """Returns at most `limit` events of all orders after the position `after`, oldest first.

    Whoever pages by position skips nothing: the feed stops short of an event before which another one may still
    appear, until that has appeared or cannot any more.
    """
    found: list[Event] = []
    events = Event.objects.filter(position__gt=after).annotate(now=Now()).order_by("position")[:limit]
    for event in events:
        is_next = event.position == (found[-1].position if found else after) + 1
        if not is_next and event.now - event.occurred_at < LONGEST_TRANSACTION:
            break
        found.append(event)
    return found
