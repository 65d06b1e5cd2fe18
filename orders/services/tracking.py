"""Following an order: its events, whichever way they come, folded into its status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from django.db import connection

from orders.models import Order
from orders.readers import Progress
from orders.services.locking import locked
from orders.status import FOLDED, status_of
from outbox import Batch

FOLD = """
UPDATE orders_order AS kept
SET seen = folded.seen, status = folded.status,
    status_since = CASE WHEN kept.status = folded.status THEN kept.status_since ELSE statement_timestamp() END
FROM jsonb_to_recordset(%s::jsonb) AS folded (id uuid, seen jsonb, status text)
WHERE kept.id = folded.id
"""

WIRE_NAMES = {name.rpartition(".")[2]: name for name in FOLDED}


def track(news: Batch[Progress]) -> None:
    """Adds the events to what their orders have seen, and keeps the status that this amounts to."""
    fresh: dict[UUID, set[str]] = defaultdict(set)
    for event in news:
        fresh[event.order_id].add(WIRE_NAMES[type(event).__name__])
    orders = locked(news.order_ids).only("seen")
    folded = [_folded(order, fresh[order.pk]) for order in orders if not fresh[order.pk] <= set(order.seen)]
    keep(folded)


def keep(folded: Sequence[Mapping[str, object]]) -> None:
    """Writes down what locked orders have seen and the status that it amounts to: rows of id, seen and status."""
    if folded:
        with connection.cursor() as cursor:
            cursor.execute(FOLD, [msgspec.json.encode(folded).decode()])


def _folded(order: Order, fresh: set[str]) -> dict[str, object]:
    seen = fresh.union(order.seen)
    return {"id": order.pk, "seen": sorted(seen), "status": status_of(seen)}
