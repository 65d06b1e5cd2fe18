"""Deliveries that need somebody, found by the partial indexes of what is open, however many are done."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from outbox.models import Delivery

MOST = 10_000

# What waits for longer than its contract allows, reaction by reaction, as the index has it; and what runs for longer.
LATE = """
SELECT late.id FROM outbox_reaction r
CROSS JOIN LATERAL (SELECT now() - (r.contract->>'within_s')::float8 * interval '1 second' AS at) deadline
CROSS JOIN LATERAL (
    (SELECT id FROM outbox_delivery d WHERE d.reaction_id = r.id AND d.state = 'waiting' AND d.due_at < deadline.at
     ORDER BY d.due_at LIMIT %s)
    UNION ALL
    (SELECT id FROM outbox_delivery d WHERE d.state = 'dispatched' AND d.reaction_id = r.id AND d.due_at < deadline.at
     LIMIT %s)) late
WHERE r.retired_at IS NULL
"""


def overdue() -> QuerySet[Delivery]:
    """Returns the deliveries that are open although their contract's time is over; at most 20,000 of each reaction."""
    return Delivery.objects.filter(pk__in=RawSQL(f"({LATE})", [MOST, MOST]))  # noqa: S611  # constants


def parked() -> QuerySet[Delivery]:
    """Returns the deliveries that wait for an operator."""
    return Delivery.objects.filter(state="parked")
