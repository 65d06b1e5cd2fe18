"""How the engine stands as a whole: what has waited longest, what is parked, who lives; bounded, by indexes alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from outbox.conf import conf
from outbox.models import Heartbeat
from outbox.overdue import overdue

# Of what is parked or overdue, no more is counted.
MOST = 10_000

# The oldest event that is not fanned out, and the oldest delivery that is due and not answered, whoever has it.
WAITING = f"""
SELECT statement_timestamp(),
    (SELECT e.occurred_at FROM (SELECT event_id FROM outbox_pendingevent ORDER BY event_id LIMIT 1) pending
     JOIN outbox_event e ON e.position = pending.event_id),
    least(
        (SELECT min(oldest.due_at) FROM outbox_reaction r CROSS JOIN LATERAL (
             SELECT d.due_at FROM outbox_delivery d WHERE d.reaction_id = r.id AND d.state = 'waiting'
             ORDER BY d.due_at LIMIT 1) oldest
         WHERE r.retired_at IS NULL AND oldest.due_at <= statement_timestamp()),
        (SELECT min(due_at) FROM outbox_delivery WHERE state = 'dispatched')),
    (SELECT count(*) FROM (SELECT 1 FROM outbox_delivery WHERE state = 'parked' LIMIT {MOST}) parked),
    ARRAY(SELECT DISTINCT queue FROM outbox_reaction WHERE retired_at IS NULL ORDER BY queue)
"""  # noqa: S608  # a constant


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """`unpublished_for` and `undelivered_for` are the ages of what has waited longest; None if nothing waits."""

    now: datetime
    unpublished_for: timedelta | None
    undelivered_for: timedelta | None
    parked: int
    overdue: int
    queues: Sequence[str]
    heartbeats: Sequence[Heartbeat]

    def living(self, kind: str) -> list[Heartbeat]:
        """Returns the relays or workers that have given a sign of life lately."""
        fresh = self.now - timedelta(seconds=conf().dead_after)
        return [one for one in self.heartbeats if one.kind == kind and one.beat_at >= fresh]

    @property
    def silent_for(self) -> timedelta | None:
        """How long ago the last relay gave its last sign of life; None if none is remembered."""
        beats = [one.beat_at for one in self.heartbeats if one.kind == "relay"]
        return self.now - max(beats) if beats else None

    @property
    def unserved(self) -> list[str]:
        """The queues that no living worker consumes."""
        served = {queue for worker in self.living("worker") for queue in worker.queues}
        return [queue for queue in self.queues if queue not in served]


def vitals() -> Vitals:
    """Returns how everything stands now, in three statements."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        now, unpublished, undelivered, parked, queues = cursor.fetchone()
    return Vitals(
        now=timezone.now(),
        unpublished_for=now - unpublished if unpublished else None,
        undelivered_for=max(now - undelivered, timedelta(0)) if undelivered else None,
        parked=parked,
        overdue=overdue().order_by().values("order_id").distinct()[:MOST].count(),
        queues=queues,
        heartbeats=list(Heartbeat.objects.order_by("-beat_at")[:1000]),
    )
