"""Fan-out: each new event becomes one delivery for every reaction that is subscribed to it."""

from django.db import connection

from outbox.models import PendingEvent

# The table of subscriptions decides, not the code of whichever process runs this: during a rolling deploy an old
# relay serves the reactions of the new release. Taking the mark away and inserting the deliveries is one statement.
# (The choice is materialized: a plan may run a subquery more than once, and each run would choose as many again.
# OFFSET 0 keeps the planner from reading all events of a name instead of those taken, as it does without statistics.)
FAN_OUT = """
WITH chosen AS MATERIALIZED (
    SELECT event_id FROM outbox_pendingevent ORDER BY event_id LIMIT %s FOR UPDATE SKIP LOCKED),
taken AS (
    DELETE FROM outbox_pendingevent USING chosen WHERE outbox_pendingevent.event_id = chosen.event_id
    RETURNING outbox_pendingevent.event_id),
new AS (
    INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift)
    SELECT e.position, s.reaction_id, e.order_id, 'waiting', 0,
           COALESCE((e.payload->>NULLIF(s.after_field, ''))::timestamptz,
                    e.occurred_at + s.after_seconds * interval '1 second'), '', ''
    FROM taken
    JOIN LATERAL (SELECT * FROM outbox_event WHERE position = taken.event_id OFFSET 0) e ON true
    JOIN outbox_subscription s ON s.event_name = e.name AND s.since < e.position
    JOIN outbox_reaction r ON r.id = s.reaction_id AND r.retired_at IS NULL
    ORDER BY e.position
    ON CONFLICT (event_id, reaction_id) DO NOTHING
    RETURNING 1)
SELECT count(*) FROM taken
"""
LIMIT = 1000


def fan_out(limit: int = LIMIT) -> int:
    """Fans out at most `limit` pending events and returns how many; several relays share the work."""
    if not PendingEvent.objects.exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(FAN_OUT, [limit])
        return int(cursor.fetchone()[0])
