"""Fan-out: each new event becomes one delivery for every reaction that is subscribed to it, and is made findable."""

from django.db import connection

from outbox.models import PendingEvent
from outbox.references import NOTE, findable_fields

# The table of subscriptions decides, not the code of whichever process runs this: during a rolling deploy an old
# relay serves the reactions of the new release. Taking the mark away and inserting the deliveries is one statement.
# (The choice is materialized: a plan may run a subquery more than once, and each run would choose as many again. So are
# the events: without statistics the planner would look each of them up once for every subscription. OFFSET 0 keeps it
# from reading all events of a name instead of those taken.) References are noted here because the events are at hand:
# taking the mark away is what makes it happen once, so that no cursor has to be kept.
DUE_AT = """COALESCE((e.payload->>NULLIF(s.after_field, ''))::timestamptz,
                    e.occurred_at + s.after_seconds * interval '1 second')"""
FAN_OUT = f"""
WITH chosen AS MATERIALIZED (
    SELECT event_id FROM outbox_pendingevent ORDER BY event_id LIMIT %s FOR UPDATE SKIP LOCKED),
taken AS (
    DELETE FROM outbox_pendingevent USING chosen WHERE outbox_pendingevent.event_id = chosen.event_id
    RETURNING outbox_pendingevent.event_id),
events AS MATERIALIZED (
    SELECT e.* FROM taken JOIN LATERAL (
        SELECT position, name, order_id, payload, occurred_at FROM outbox_event
        WHERE position = taken.event_id OFFSET 0) e ON true),
new AS (
    INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift)
    SELECT e.position, s.reaction_id, e.order_id, 'waiting', 0,
           {DUE_AT}, '', ''
    FROM events e
    JOIN outbox_subscription s ON s.event_name = e.name AND s.since < e.position
    JOIN outbox_reaction r ON r.id = s.reaction_id AND r.retired_at IS NULL
    ORDER BY e.position
    ON CONFLICT (event_id, reaction_id) DO NOTHING
    RETURNING 1),
noted AS ({NOTE.format(events="events")})
SELECT count(*) FROM taken
"""  # noqa: S608  # of constants
# So many at a time that the workers get the first of a backlog while the others are still fanned out.
LIMIT = 250


def fan_out(limit: int = LIMIT) -> int:
    """Fans out at most `limit` pending events and returns how many; several relays share the work."""
    if not PendingEvent.objects.exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(FAN_OUT, [limit, findable_fields()])
        return int(cursor.fetchone()[0])
