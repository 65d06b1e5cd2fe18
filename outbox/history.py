"""The history of an order: its events in the order of their positions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

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
