"""The pipeline: how many orders are at each stage, and for how long; bounded, by the index of statuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from orders.models import Status

MOST = 10_000
UNDER_WAY = (Status.PLACED, Status.RESERVED, Status.PAID, Status.CANCELLING, Status.INCONSISTENT)

# Those under way, the longest first, with their age; and what was shipped in the last 24 hours, with how long it took.
STAGES = """
SELECT stage.status, count(one.age), percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM one.age)::float8)
FROM unnest(%s::text[]) AS stage (status) LEFT JOIN LATERAL (
    SELECT now() - status_since AS age FROM orders_order WHERE status = stage.status ORDER BY status_since LIMIT %s
) one ON true GROUP BY stage.status
UNION ALL
SELECT 'shipped', count(*), percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8) FROM (
    SELECT status_since - placed_at AS took FROM orders_order
    WHERE status = 'shipped' AND status_since > now() - interval '1 day' ORDER BY status_since DESC LIMIT %s) shipped
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How many orders have a status, 10,000 at most, and what 95 of 100 of them stay below."""

    status: Status
    count: int
    p95: timedelta | None

    @property
    def is_capped(self) -> bool:
        """Whether there may be more."""
        return self.count == MOST


def pipeline() -> dict[str, Stage]:
    """Returns the stages by their status, in one statement.

    Under way: the age of the status. Shipped: in the last 24 hours, and from being placed to being shipped.
    """
    with connection.cursor() as cursor:
        cursor.execute(STAGES, [list(UNDER_WAY), MOST, MOST])
        rows = cursor.fetchall()
    return {
        status: Stage(status=Status(status), count=count, p95=None if p95 is None else timedelta(seconds=max(p95, 0)))
        for status, count, p95 in rows
    }
