"""I4 and I8: no event is lost on its way to a reaction, and nothing lies where nobody will look for it."""

from config.invariants.invariant import Invariant

# Seconds after which an event that is not fanned out has been forgotten; a relay takes milliseconds.
FORGOTTEN = 60

ENGINE = (
    Invariant(
        code="I4",
        promise="every event has a delivery for each reaction that subscribes to it, unless it is yet to be fanned out",
        things="positions of events",
        sql="""
            SELECT event.position FROM outbox_event event
            JOIN outbox_subscription heard ON heard.event_name = event.name AND heard.since < event.position
            JOIN outbox_reaction reaction ON reaction.id = heard.reaction_id AND reaction.retired_at IS NULL
            LEFT JOIN outbox_delivery delivery
                ON delivery.event_id = event.position AND delivery.reaction_id = heard.reaction_id
            LEFT JOIN outbox_pendingevent pending ON pending.event_id = event.position
            WHERE delivery.id IS NULL AND pending.event_id IS NULL""",
    ),
    Invariant(
        code="I4",
        promise="no event has two deliveries for a reaction",
        things="positions of events",
        sql="SELECT event_id FROM outbox_delivery GROUP BY event_id, reaction_id HAVING count(*) > 1",
    ),
    Invariant(
        code="I4",
        promise="every delivery is of an event, and of its order",
        things="deliveries",
        sql="""
            SELECT delivery.id FROM outbox_delivery delivery LEFT JOIN outbox_event event ON position = event_id
            WHERE delivery.order_id IS DISTINCT FROM event.order_id""",
    ),
    Invariant(
        code="I8",
        promise="nothing is dispatched without an open dispatch of its reaction",
        things="deliveries",
        sql="""
            SELECT delivery.id FROM outbox_delivery delivery
            LEFT JOIN outbox_dispatch dispatch ON dispatch.id = delivery.dispatch_id AND closed_at IS NULL
                AND dispatch.reaction_id = delivery.reaction_id
            WHERE state = 'dispatched' AND dispatch.id IS NULL""",
    ),
    Invariant(
        code="I8",
        promise=f"no event has waited longer than {FORGOTTEN} s to be fanned out",
        things="positions of events",
        sql=f"""
            SELECT event_id FROM outbox_pendingevent LEFT JOIN outbox_event ON position = event_id
            WHERE position IS NULL OR occurred_at < now() - interval '{FORGOTTEN} seconds'""",
    ),
    Invariant(
        code="I8",
        promise="no delivery is parked",
        things="deliveries",
        sql="SELECT id FROM outbox_delivery WHERE state = 'parked'",
        at_rest=True,
    ),
)
