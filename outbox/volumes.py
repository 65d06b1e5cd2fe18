"""How often each event happened: counted among its latest by the index on names, and estimated beyond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# The latest events of each name are a range of the index on name and position, so that it costs the same however long
# the table is. (Said as a range: of an equal name the planner knows that the primary key gives the same order, and
# might look along that for a rare one, through the whole table.)
LATEST = """
SELECT n.name, count(*) FILTER (WHERE e.occurred_at >= %(hour)s), count(*) FILTER (WHERE e.occurred_at >= %(day)s),
       count(*), max(e.occurred_at), max(e.position), array_agg(DISTINCT e.version), array_agg(DISTINCT e.producer)
FROM unnest(%(names)s::text[]) n(name) CROSS JOIN LATERAL (
    SELECT position, occurred_at, version, producer FROM outbox_event
    WHERE name >= n.name AND name <= n.name ORDER BY name DESC, position DESC LIMIT %(most)s) e
GROUP BY n.name
"""
# What PostgreSQL noted when it last analysed the table: nothing is read of the table itself.
ESTIMATES = """
SELECT v.name, (v.frequency * c.reltuples)::bigint
FROM pg_class c JOIN pg_stats s
    ON s.schemaname = c.relnamespace::regnamespace::text AND s.tablename = c.relname AND s.attname = 'name'
CROSS JOIN unnest(s.most_common_vals::text::text[], s.most_common_freqs) v(name, frequency)
WHERE c.oid = 'outbox_event'::regclass AND c.reltuples > 0
"""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """How often in the last hour, the last 24 hours and ever; each at most `most`, beyond which it may be more.

    `estimate` is how often ever, as PostgreSQL guesses it; `versions` and `producers` are those of the events counted.
    """

    hour: int
    day: int
    counted: int
    most: int
    estimate: int
    last_at: datetime
    last: int  # the position of the latest
    versions: Sequence[int]
    producers: Sequence[str]

    @property
    def in_hour(self) -> str:
        return self._words(self.hour)

    @property
    def in_day(self) -> str:
        return self._words(self.day)

    @property
    def ever(self) -> str:
        if self.counted == self.most < self.estimate:
            digits = max(len(str(self.estimate)) - 3, 0)  # more than three are not known
            return f"about {round(self.estimate, -digits):,}"
        return self._words(self.counted)

    def _words(self, count: int) -> str:
        return f"{count:,}{' or more' if count == self.most else ''}"


def volumes(names: Sequence[str], *, most: int) -> Mapping[str, Volume]:
    """Returns how often each of these events happened, of those that ever did, in two statements.

    Args:
        names: of the events, as on the wire.
        most: how many of the latest of each name are looked at.
    """
    now = timezone.now()
    estimates = dict(_rows(ESTIMATES, {}))
    rows = _rows(LATEST, {"names": list(names), "most": most, "hour": now - HOUR, "day": now - DAY})
    return {name: _volume(row, most, estimates.get(name, 0)) for name, *row in rows}


def _volume(row: Sequence[Any], most: int, estimate: int) -> Volume:
    hour, day, counted, last_at, last, versions, producers = row
    return Volume(
        hour=hour,
        day=day,
        counted=counted,
        most=most,
        estimate=estimate,
        last_at=last_at,
        last=last,
        versions=versions,
        producers=producers,
    )


def _rows(sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())
