"""Drives real rows through the real engine, in one process, with no broker and no waiting."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models.functions import Now

from outbox.delivery import deliver as delivering
from outbox.events import Event, event_class
from outbox.models import Delivery
from outbox.models import Event as EventRow
from outbox.reactions import reactions
from outbox.relay.claim import claim
from outbox.relay.fan_out import fan_out

ROUNDS = 100

# Events do not change; that they lie longer ago is the one thing that time does to them.
TIME_PASSES = """
SET LOCAL outbox.maintenance = 'on';
UPDATE outbox_event SET occurred_at = occurred_at - %(seconds)s * interval '1 second';
UPDATE outbox_delivery SET due_at = due_at - %(seconds)s * interval '1 second' WHERE state = 'waiting';
UPDATE outbox_dispatch SET sent_at = sent_at - %(seconds)s * interval '1 second',
    lease_until = lease_until - %(seconds)s * interval '1 second' WHERE closed_at IS NULL;
"""


class NeverQuiet(AssertionError):
    """Events kept leading to events for more rounds than any order needs."""


def published(*names: str, order_id: UUID | None = None) -> list[Event]:
    """Returns the published events in order: those of these names (all, if none is given), of this order (or any)."""
    rows = EventRow.objects.order_by("position")
    if names:
        rows = rows.filter(name__in=names)
    if order_id is not None:
        rows = rows.filter(order_id=order_id)
    return [msgspec.convert(row.payload, event_class(row.name)) for row in rows]


def deliver() -> int:
    """Relays once and delivers what that claimed; returns the number of events fanned out and dispatches run."""
    moved = fan_out()
    messages = claim()
    for message in messages:
        delivering.deliver(reactions()[message.reaction], message.dispatch, worker="test")
    return moved + len(messages)


def run_until_quiet() -> None:
    """Relays and delivers until nothing is due; timers and retries that lie in the future count as quiet.

    Raises:
        NeverQuiet: it does not end.
    """
    for _ in range(ROUNDS):
        if not deliver():
            return
    raise NeverQuiet(f"still moving after {ROUNDS} rounds")


def make_due() -> None:
    """Pulls every waiting delivery to now: what time would bring, without waiting for it."""
    Delivery.objects.filter(state="waiting").update(due_at=Now())


def let_pass(duration: timedelta) -> None:
    """Lets time pass for the engine without waiting for it: its events lie longer ago, what is due later comes nearer.

    Leases end sooner as well. The heartbeats stay fresh: whoever lives has gone on beating.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TIME_PASSES, {"seconds": duration.total_seconds()})
