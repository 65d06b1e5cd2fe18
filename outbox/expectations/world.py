"""What the tables say of everybody: who listens to what, who lives, who is busy, and how long it usually takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from outbox.conf import conf
from outbox.models import Dispatch, Heartbeat, Reaction, Subscription

# The newest deliveries, found by the primary key however long the table is; those that came through at once say how
# long a reaction takes from being due. Of fewer than five nobody can say what is usual.
USUAL = """
SELECT reaction_id, percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - due_at)::float8)
FROM (SELECT * FROM outbox_delivery ORDER BY id DESC LIMIT 2000) AS recent
WHERE state = 'done' AND attempts = 0 AND NOT starts_with(outcome, 'waits for ')
GROUP BY reaction_id HAVING count(*) >= 5
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """Everybody at one moment; the same for all orders that are looked at together.

    `is_past`: the moment is over. Who was at work then is not kept, so nobody can say why something had not happened.
    """

    now: datetime
    reactions: Mapping[str, Reaction]
    heartbeats: Sequence[Heartbeat]
    open_dispatches: Mapping[str, int]
    usual: Mapping[str, timedelta] = field(default_factory=dict)
    is_past: bool = False

    @cached_property
    def subscriptions(self) -> dict[str, list[Subscription]]:
        """Who listens to an event, by its name; without what is retired."""
        heard: dict[str, list[Subscription]] = defaultdict(list)
        for reaction in self.reactions.values():
            for subscription in reaction.subscriptions.all():
                if reaction.retired_at is None:
                    heard[subscription.event_name].append(subscription)
        return dict(heard)

    def at(self, moment: datetime) -> World:
        """Returns what is known of everybody at a moment that is over: who listens to what."""
        return replace(self, now=moment, heartbeats=[], open_dispatches={}, is_past=True)

    def consequences(self, reaction_ids: Iterable[str]) -> set[str]:
        """Returns the names of all events that can follow from what these reactions do, directly or further on."""
        may_come: set[str] = set()
        fresh = set(reaction_ids)
        while fresh:
            emitted = {name for id in fresh for name in emits(self.reactions.get(id))} - may_come
            may_come |= emitted
            fresh = {sub.reaction_id for name in emitted for sub in self.subscriptions.get(name, ())}
        return may_come

    def weight(self, reaction_id: str) -> int:
        """Returns how many kinds of events depend on what this reaction does: the measure of who holds an order up."""
        if reaction_id not in self._weights:
            self._weights[reaction_id] = len(self.consequences([reaction_id]))
        return self._weights[reaction_id]

    @cached_property
    def _weights(self) -> dict[str, int]:
        return {}

    def living(self, kind: str, queue: str | None = None) -> list[Heartbeat]:
        """Returns the relays or workers that have given a sign of life, and of workers those that serve the queue."""
        fresh = self.now - timedelta(seconds=conf().dead_after)
        beating = [one for one in self.heartbeats if one.kind == kind and one.beat_at >= fresh]
        return [one for one in beating if queue is None or queue in one.queues]

    def last_sign(self, kind: str, queue: str | None = None) -> datetime | None:
        """Returns when one of them has last given a sign of life; None if nobody remembers."""
        beats = [one.beat_at for one in self.heartbeats if one.kind == kind]
        if queue is not None:
            beats = [one.beat_at for one in self.heartbeats if one.kind == kind and queue in one.queues]
        return max(beats, default=None)


def look_around(*, with_usual: bool = True) -> World:
    """Returns everybody as they are now, in five statements; in four, without saying what is usual."""
    return World(
        now=timezone.now(),
        reactions={row.pk: row for row in Reaction.objects.prefetch_related("subscriptions")},
        heartbeats=list(Heartbeat.objects.all()),
        open_dispatches=_open_dispatches(),
        usual=_usual() if with_usual else {},
    )


def emits(reaction: Reaction | None) -> list[str]:
    """Returns the names of the events with which a reaction may answer, as its contract says."""
    return list(reaction.contract.get("emits", ())) if reaction else []


def within(reaction: Reaction) -> timedelta | None:
    """Returns how long a reaction may take, as its contract says."""
    seconds = reaction.contract.get("within_s")
    return timedelta(seconds=seconds) if seconds else None


def _open_dispatches() -> dict[str, int]:
    rows = Dispatch.objects.filter(closed_at=None).values("reaction_id").annotate(open=Count("pk")).order_by()
    return {row["reaction_id"]: row["open"] for row in rows}


def _usual() -> dict[str, timedelta]:
    with connection.cursor() as cursor:
        cursor.execute(USUAL)
        return {reaction: timedelta(seconds=max(seconds, 0)) for reaction, seconds in cursor.fetchall()}
