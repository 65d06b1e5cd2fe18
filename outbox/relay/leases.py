"""Leases: what nobody answers for any more is handed to a new dispatch."""

from __future__ import annotations

from django.db import connection, transaction

from outbox.conf import conf
from outbox.relay.claim import Message

# While no worker consumes a queue, sending again helps nobody; the messages wait there with the rows.
EXPIRED = """
SELECT x.id, x.reaction_id, r.queue, x.started > 0 OR x.careful, x.lease_seconds
FROM outbox_dispatch x JOIN outbox_reaction r ON r.id = x.reaction_id
WHERE x.closed_at IS NULL AND x.lease_until < clock_timestamp()
  AND EXISTS (SELECT 1 FROM outbox_heartbeat h WHERE h.kind = 'worker' AND h.queues ? r.queue
              AND h.beat_at > clock_timestamp() - %s * interval '1 second')
ORDER BY x.id LIMIT 100 FOR UPDATE OF x SKIP LOCKED
"""
CLOSE = "UPDATE outbox_dispatch SET closed_at = clock_timestamp() WHERE id = %s"
SUCCEED = """
INSERT INTO outbox_dispatch (reaction_id, size, sent_at, lease_seconds, lease_until, careful, started, worker)
VALUES (%(reaction)s, %(size)s, clock_timestamp(), %(lease)s, clock_timestamp() + %(lease)s * interval '1 second',
        %(careful)s, 0, '')
RETURNING id
"""
# A row that is locked is being worked on: its transaction is the proof that somebody lives.
HELD_ROWS = (
    "SELECT id FROM outbox_delivery WHERE dispatch_id = %s AND state = 'dispatched' ORDER BY id FOR UPDATE SKIP LOCKED"
)
COUNT_ROWS = "SELECT count(*) FROM outbox_delivery WHERE dispatch_id = %s AND state = 'dispatched'"
MOVE = "UPDATE outbox_delivery SET dispatch_id = %s WHERE id = ANY(%s)"
EXTEND = (
    "UPDATE outbox_dispatch SET lease_until = clock_timestamp() + lease_seconds * interval '1 second' WHERE id = %s"
)


def take_over() -> list[Message]:
    """Replaces the dispatches whose lease has expired by new ones with the same rows; returns the messages to send.

    A predecessor that had been started makes its successor careful: a worker may have died on one of its rows.
    The new id is the new fencing token; whoever still works under the old one finds nothing to write.
    """
    messages = []
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(EXPIRED, [conf().dead_after])
        for dispatch, reaction, queue, suspect, lease in cursor.fetchall():
            successor = _succeed(dispatch, reaction, suspect, lease)
            if successor is not None:
                messages.append(Message(successor, reaction, queue))
    return messages


def _succeed(dispatch: int, reaction: str, suspect: bool, lease: float) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_ROWS, [dispatch])
        total = cursor.fetchone()[0]
        cursor.execute(HELD_ROWS, [dispatch])
        rows = [row[0] for row in cursor.fetchall()]
        if len(rows) < total:
            cursor.execute(EXTEND, [dispatch])
            return None
        cursor.execute(CLOSE, [dispatch])
        if not rows:
            return None
        longer = min(lease * 2, conf().longest_lease)
        cursor.execute(SUCCEED, {"reaction": reaction, "size": len(rows), "lease": longer, "careful": suspect})
        successor = int(cursor.fetchone()[0])
        cursor.execute(MOVE, [successor, rows])
        return successor
