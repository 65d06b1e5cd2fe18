"""The version of what an order's page shows: one statement, by which a page that is open learns whether to look again.

It changes with every event and its relaying, with every delivery's state, attempts, due time, outcome and dispatch,
with the pausing of a reaction, when a contract's time is over, when a relay or the workers of a queue fall silent or
come back, and, while something is open, whenever the age of the oldest of it has grown by a quarter: the page tells it.
"""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from django.db import connection

from outbox.conf import conf

# Everything of the order is found by indexes: its events, their deliveries and marks, and by primary keys the rest. Of
# heartbeats there are as many as processes.
VERSION = """
SELECT concat_ws('|', told.events, told.deliveries, told.overdue, round(4 * ln(greatest(told.age, 1))), (
    SELECT string_agg(DISTINCT concat(kind, queues, note <> ''), ',') FROM outbox_heartbeat
    WHERE beat_at > clock_timestamp() - %(dead_after)s * interval '1 second'))
FROM (
    SELECT md5(string_agg(DISTINCT concat(e.position, p.event_id), ',')) AS events,
           md5(string_agg(concat_ws(' ', d.id, d.state, d.attempts, d.due_at, d.outcome, d.drift, d.dispatch_id,
                                    x.started_at, x.closed_at, r.paused), ',' ORDER BY d.id)) AS deliveries,
           count(*) FILTER (WHERE d.state IN ('waiting', 'dispatched') AND clock_timestamp() >
               e.occurred_at + (r.contract->>'within_s')::float8 * interval '1 second') AS overdue,
           extract(epoch FROM clock_timestamp() - min(e.occurred_at)
               FILTER (WHERE p.event_id IS NOT NULL OR d.state IN ('waiting', 'dispatched'))) AS age
    FROM outbox_event e
    LEFT JOIN outbox_pendingevent p ON p.event_id = e.position
    LEFT JOIN outbox_delivery d ON d.event_id = e.position
    LEFT JOIN outbox_dispatch x ON x.id = d.dispatch_id
    LEFT JOIN outbox_reaction r ON r.id = d.reaction_id
    WHERE e.order_id = %(order)s) AS told
"""


def version_of(order_id: UUID, *whose: object) -> str:
    """Returns the version as an entity tag, different for each of `whose`: what else decides what is shown to whom."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION, {"order": order_id, "dead_after": conf().dead_after})
        (version,) = cursor.fetchone()
    return f'"{sha256(repr((version, *whose)).encode()).hexdigest()[:32]}"'
