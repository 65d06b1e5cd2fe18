"""Contracts that are broken without any error: found among the newest deliveries and events, which nobody reported."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from outbox.events import published_events
from outbox.expectations import Expectation, Reason, look_around, outlooks
from outbox.models import Delivery, MutedContract
from outbox.operations.muting import muted_contracts
from outbox.overdue import overdue

# Looked at are the newest by their primary key, so that it costs the same however long the tables are.
MOST_EVENTS, MOST_DELIVERIES = 10_000, 20_000
SHOWN = 50

# Orders of which something was handled and its declared answer never came; of which an event went past somebody who
# listens; or of which a join waits for an event that nothing under way can lead to. (OFFSET 0 keeps the planner from
# reading whole tables instead of a few rows of each order.)
SUSPECTS = """
WITH latest AS MATERIALIZED (SELECT * FROM outbox_delivery ORDER BY id DESC LIMIT %(deliveries)s),
events AS MATERIALIZED (SELECT position, name, order_id FROM outbox_event ORDER BY position DESC LIMIT %(events)s),
answers AS MATERIALIZED (
    SELECT answer.* FROM (SELECT DISTINCT order_id FROM latest) involved CROSS JOIN LATERAL (
        SELECT order_id, cause_id, producer FROM outbox_event
        WHERE order_id = involved.order_id AND cause_kind = 'event' OFFSET 0) answer),
unanswered AS (
    SELECT d.order_id FROM latest d
    JOIN outbox_reaction r ON r.id = d.reaction_id AND r.contract->'emits' <> '[]'
    JOIN outbox_event e ON e.position = d.event_id
    WHERE d.state = 'done' AND d.reaction_id <> ALL (%(muted)s)
    AND NOT starts_with(d.outcome, 'waits for ') AND NOT EXISTS (
        SELECT FROM answers a
        WHERE a.order_id = d.order_id AND a.cause_id = e.id::text AND a.producer = d.reaction_id)),
undelivered AS (
    SELECT e.order_id FROM events e
    JOIN outbox_subscription s ON s.event_name = e.name AND s.since < e.position
    JOIN outbox_reaction r ON r.id = s.reaction_id AND r.retired_at IS NULL
    WHERE NOT EXISTS (
        SELECT FROM outbox_delivery d WHERE d.event_id = e.position AND d.reaction_id = s.reaction_id OFFSET 0)
    AND NOT EXISTS (SELECT FROM outbox_pendingevent p WHERE p.event_id = e.position)),
stranded AS (
    SELECT d.order_id FROM latest d
    WHERE d.state = 'done' AND d.reaction_id <> ALL (%(muted)s)
    AND starts_with(d.outcome, 'waits for ') AND NOT EXISTS (
        SELECT FROM outbox_event a WHERE a.order_id = d.order_id
        AND (a.name = substr(d.outcome, 11) OR a.name = ANY (%(discharging)s)) OFFSET 0)
    AND NOT EXISTS (
        SELECT FROM outbox_event a JOIN outbox_delivery o ON o.event_id = a.position
        WHERE a.order_id = d.order_id AND o.state IN ('waiting', 'dispatched', 'parked') OFFSET 0))
SELECT order_id FROM (TABLE unanswered UNION TABLE undelivered UNION TABLE stranded) found
ORDER BY order_id DESC LIMIT %(shown)s
"""
UNHEARD = """
SELECT e.name, count(*) FROM (SELECT name FROM outbox_event ORDER BY position DESC LIMIT %s) e
WHERE NOT EXISTS (
    SELECT FROM outbox_subscription s JOIN outbox_reaction r ON r.id = s.reaction_id AND r.retired_at IS NULL
    WHERE s.event_name = e.name)
GROUP BY e.name ORDER BY e.name
"""
DRIFTED = "SELECT id FROM outbox_delivery WHERE drift <> '' AND id > (SELECT max(id) FROM outbox_delivery) - %s"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """`broken` are the contracts, one or more of an order; `unheard` names the events that nobody hears, how often."""

    broken: Sequence[Expectation]
    muted: Sequence[MutedContract]
    late: Sequence[Delivery]
    drifted: Sequence[Delivery]
    unheard: Sequence[tuple[str, int]]


def silence() -> Silence:
    """Returns what is wrong although no error says so, at most 50 of each kind, in twelve statements."""
    with connection.cursor() as cursor:
        cursor.execute(UNHEARD, [MOST_EVENTS])
        unheard = cursor.fetchall()
        cursor.execute(f"{DRIFTED} ORDER BY id DESC LIMIT {SHOWN}", [MOST_DELIVERIES])
        drifted = [id for (id,) in cursor.fetchall()]
    muted = muted_contracts()
    deliveries = Delivery.objects.select_related("event").defer("event__payload")
    return Silence(
        broken=_broken({row.reaction_id for row in muted}),
        muted=muted,
        late=list(deliveries.filter(pk__in=overdue().order_by("due_at").values("pk")[:SHOWN]).order_by("due_at")),
        drifted=list(deliveries.filter(pk__in=drifted).order_by("-pk")),
        unheard=unheard,
    )


def _broken(muted: Collection[str]) -> list[Expectation]:
    """The same as the pages of the orders say, and in the same words, but for these reactions' missing answers.

    What was never delivered to somebody is another matter than what they have not answered: nobody can mute it.
    """
    found = outlooks(_suspects(muted), look_around(with_usual=False))
    told = [one for outlook in found.values() for one in outlook.silent]
    return [one for one in told if one.reaction not in muted or one.reason == Reason.NEVER_DELIVERED]


def _suspects(muted: Collection[str]) -> list[UUID]:
    """What is muted takes no place among those that are shown."""
    discharging = [name for name, event in published_events().items() if event.discharges_joins]
    limits: dict[str, Any] = {
        "deliveries": MOST_DELIVERIES,
        "events": MOST_EVENTS,
        "shown": SHOWN,
        "discharging": discharging,
        "muted": list(muted),
    }
    with connection.cursor() as cursor:
        cursor.execute(SUSPECTS, limits)
        return [order_id for (order_id,) in cursor.fetchall()]
