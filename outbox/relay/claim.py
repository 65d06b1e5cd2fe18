"""Claiming: the next batch of each reaction that has room becomes a dispatch."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from outbox.conf import conf

# A reaction has room below its credit. But beside a dispatch that is fresh another one is opened only for a full batch:
# what comes meanwhile collects in the table, and the closing of that dispatch makes room for all of it at once. A
# message costs as much as the work on a dozen orders. A dispatch that takes long (a slow provider) holds nobody up.
HAS_ROOM = """(
    SELECT count(*) < r.credit AND (
        count(*) = 0 OR max(x.sent_at) < statement_timestamp() - %(hold)s * interval '1 second'
        OR r.batch_size <= (SELECT count(*) FROM (
            SELECT FROM outbox_delivery d
            WHERE d.reaction_id = r.id AND d.state = 'waiting' AND d.due_at <= statement_timestamp()
            ORDER BY d.due_at, d.id LIMIT r.batch_size) batch))
    FROM outbox_dispatch x WHERE x.reaction_id = r.id AND x.closed_at IS NULL)
"""

# Whose row is locked here belongs to this relay until it commits; another relay passes it by. The count of open
# dispatches that counts is taken by the later statement, whose snapshot sees what the lock's last holder has
# committed; this one only spares the later one for reactions that certainly have no room. (What is due first is asked
# for, and in HAS_ROOM the batch is put in order, although neither matters: so each is looked up in the index. Asked
# whether anything is due, the planner reads the table from its start when the last statistics say that much is.)
READY = f"""
SELECT id FROM outbox_reaction r
WHERE NOT paused AND retired_at IS NULL
  AND (SELECT d.due_at FROM outbox_delivery d WHERE d.reaction_id = r.id AND d.state = 'waiting'
       ORDER BY d.due_at, d.id LIMIT 1) <= statement_timestamp()
  AND {HAS_ROOM}
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608  # made of constants

# (The rows to move are named by an array: joined to them, the planner would read the whole table where it guesses that
# they are many.) Of the oldest deliveries that are due, a batch holds at most one an order (unless the reaction folds),
# so that `order_id` says which event an answer belongs to.
CLAIM = f"""
WITH room AS (
    SELECT r.* FROM outbox_reaction r
    WHERE r.id = ANY(%(ready)s) AND {HAS_ROOM}),
due AS (
    SELECT room.id AS reaction_id, room.folds, d.* FROM room CROSS JOIN LATERAL (
        SELECT d.id AS delivery_id, d.order_id FROM outbox_delivery d
        WHERE d.reaction_id = room.id AND d.state = 'waiting' AND d.due_at <= statement_timestamp()
        ORDER BY d.due_at, d.id LIMIT room.batch_size FOR UPDATE SKIP LOCKED) d),
chosen AS (
    SELECT delivery_id, reaction_id FROM (
        SELECT due.*, row_number() OVER (PARTITION BY reaction_id, order_id ORDER BY delivery_id) AS nth
        FROM due) ranked
    WHERE folds OR nth = 1),
opened AS (
    INSERT INTO outbox_dispatch (reaction_id, size, sent_at, lease_seconds, lease_until, careful, started, worker)
    SELECT reaction_id, count(*), clock_timestamp(), %(lease)s, clock_timestamp() + %(lease)s * interval '1 second',
           false, 0, ''
    FROM chosen GROUP BY reaction_id
    RETURNING id, reaction_id),
moved AS (
    UPDATE outbox_delivery d SET state = 'dispatched', dispatch_id = opened.id
    FROM opened WHERE d.id = ANY(ARRAY(SELECT delivery_id FROM chosen)) AND opened.reaction_id = d.reaction_id)
SELECT opened.id, opened.reaction_id, r.queue FROM opened JOIN outbox_reaction r ON r.id = opened.reaction_id
"""  # noqa: S608  # made of constants


@dataclass(frozen=True)
class Message:
    """What goes to the broker: which dispatch, of which reaction, on which queue."""

    dispatch: int
    reaction: str
    queue: str


def claim() -> list[Message]:
    """Opens at most one dispatch for each reaction that has room and returns the messages to send.

    The caller sends them only after this has committed: a message that overtakes its own rows would find nothing.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(READY, {"hold": conf().hold})
        ready = [row[0] for row in cursor.fetchall()]
        if not ready:
            return []
        cursor.execute(CLAIM, {"ready": ready, "lease": conf().lease, "hold": conf().hold})
        return [Message(*row) for row in cursor.fetchall()]
