"""The choreography as it is observed: what was emitted and handled lately, how fast, and how often in vain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

# Looked at are the latest rows by their primary key, so that it costs the same however long the tables are.
MOST_EVENTS, MOST_DELIVERIES = 10_000, 20_000

EMITTED = """
SELECT name, CASE cause_kind WHEN 'event' THEN producer ELSE '' END AS part,
       count(*) FILTER (WHERE occurred_at >= %(since)s), count(*), min(occurred_at)
FROM (SELECT name, cause_kind, producer, occurred_at FROM outbox_event ORDER BY position DESC LIMIT %(most)s) latest
GROUP BY 1, 2
"""
# By event and reaction, and once more by reaction alone: a percentile cannot be added up.
HANDLED = """
SELECT e.name, d.reaction_id, count(*), count(*) FILTER (WHERE d.attempts > 0),
       count(*) FILTER (WHERE d.state = 'parked'), count(*) FILTER (WHERE d.drift <> ''),
       percentile_cont(0.95) WITHIN GROUP (
           ORDER BY extract(epoch FROM d.done_at - greatest(e.occurred_at, d.due_at))::float8)
       FILTER (WHERE d.state IN ('done', 'ignored'))
FROM (SELECT event_id, reaction_id, state, attempts, drift, due_at, done_at
      FROM outbox_delivery ORDER BY id DESC LIMIT %(most)s) d
JOIN outbox_event e ON e.position = d.event_id
WHERE e.occurred_at >= %(since)s
GROUP BY GROUPING SETS ((e.name, d.reaction_id), (d.reaction_id))
"""


@dataclass(frozen=True, kw_only=True)
class Handled:
    """Deliveries: how many, how many failed at least once, are parked, departed from the contract."""

    count: int
    failed: int
    parked: int
    drifted: int
    p95: timedelta | None  # from when it was due until it was done


@dataclass(frozen=True, kw_only=True)
class Observed:
    """`emitted` by event and reaction, which is empty for a use case; `handled` by event and reaction."""

    since: datetime
    is_capped: bool
    emitted: Mapping[tuple[str, str], int]
    handled: Mapping[tuple[str, str], Handled]
    reactions: Mapping[str, Handled]

    def times(self, event: str) -> int:
        """Returns how often the event occurred."""
        return sum(count for (name, _), count in self.emitted.items() if name == event)


def observed_within(window: timedelta) -> Observed:
    """Returns what happened within this time until now, of the latest 10,000 events and 20,000 deliveries.

    Two statements.
    """
    since = timezone.now() - window
    events = _rows(EMITTED, {"since": since, "most": MOST_EVENTS})
    deliveries = _rows(HANDLED, {"since": since, "most": MOST_DELIVERIES})
    handled = {(name, reaction): _handled(row) for name, reaction, *row in deliveries}
    return Observed(
        since=since,
        is_capped=sum(row[3] for row in events) == MOST_EVENTS and min(row[4] for row in events) > since,
        emitted={(name, part): count for name, part, count, *_ in events if count},
        handled={key: one for key, one in handled.items() if key[0]},
        reactions={reaction: one for (name, reaction), one in handled.items() if not name},
    )


def _handled(row: list[Any]) -> Handled:
    count, failed, parked, drifted, p95 = row
    return Handled(
        count=count,
        failed=failed,
        parked=parked,
        drifted=drifted,
        p95=None if p95 is None else timedelta(seconds=max(p95, 0)),
    )


def _rows(sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())
