"""What a delivery went through from its event on: waits, runs and failures, from the rows that the engine wrote.

A delivery keeps only its last dispatch. Of earlier tries their failures are known, not how each of them was spent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from outbox.admin.history import ToldDelivery
from outbox.admin.times import in_words
from outbox.diagrams.labels import bare, one_line, times
from outbox.models import DeliveryState, Event

Kind = Literal["tried", "timer", "retry", "relay", "queue", "run"]

# In the order in which they occur, with the words of the legend.
KINDS: dict[Kind, str] = {
    "timer": "waits for its time",
    "tried": "until it first failed",
    "retry": "waits for the next try",
    "relay": "waits for the relay",
    "queue": "waits in the queue",
    "run": "runs",
}


@dataclass(frozen=True, kw_only=True)
class Phase:
    kind: Kind
    start: datetime
    end: datetime

    @property
    def words(self) -> str:
        return KINDS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Life:
    """A delivery of an event: its phases in the order of time, and when it failed."""

    event: Event
    delivery: ToldDelivery
    phases: Sequence[Phase]
    failures: Sequence[datetime]

    @property
    def app(self) -> str:
        return self.delivery.row.reaction_id.partition(".")[0]

    @property
    def name(self) -> str:
        """The reaction without its app."""
        return self.delivery.row.reaction_id.partition(".")[2]

    @property
    def start(self) -> datetime:
        return self.event.occurred_at

    @property
    def end(self) -> datetime:
        return max([phase.end for phase in self.phases] + list(self.failures) + [self.start])

    @property
    def is_bad(self) -> bool:
        return self.delivery.row.state in (DeliveryState.PARKED, DeliveryState.ORPHANED)

    @property
    def outcome(self) -> str:
        return outcome_of(self.delivery)

    @property
    def summary(self) -> str:
        """All about it in a sentence, on one line."""
        row = self.delivery.row
        parts = [f"{row.reaction_id} of {self.event.name} #{self.event.position}: {row.state}", self.outcome]
        parts += [f"{phase.words} {in_words(phase.end - phase.start)}" for phase in self.phases]
        parts += [f"failed {times(len(self.failures))}"] if self.failures else []
        return one_line("; ".join(part for part in parts if part))

    def spent(self, kind: Kind) -> timedelta | None:
        """Returns how long it was in phases of this kind; None for never."""
        lengths = [phase.end - phase.start for phase in self.phases if phase.kind == kind]
        return sum(lengths, timedelta(0)) if lengths else None


def outcome_of(delivery: ToldDelivery) -> str:
    """Returns what became of a delivery in a few words: what it emitted, or else its state with the reason."""
    row = delivery.row
    if row.state == DeliveryState.DONE:
        return ", ".join(f"→ {bare(event.name)}" for event in delivery.emitted) or row.outcome
    state = f"due in {in_words(row.due_at - delivery.now)}" if delivery.is_timed else row.state
    return f"{state}: {row.outcome}" if row.outcome else state


def life_of(event: Event, delivery: ToldDelivery) -> Life:
    """Returns what this delivery of this event went through until it was told."""
    failures = [attempt.failed_at for attempt in delivery.failed_attempts]
    phases = [phase for phase in _phases(event, delivery, failures) if phase.end > phase.start]
    return Life(event=event, delivery=delivery, phases=phases, failures=failures)


def _phases(event: Event, delivery: ToldDelivery, failures: Sequence[datetime]) -> Iterator[Phase]:
    row, now = delivery.row, delivery.now
    # A row that waits still points to the dispatch of its last try.
    dispatch = None if row.state == DeliveryState.WAITING else row.dispatch
    earlier = [failed_at for failed_at in failures if dispatch is None or failed_at < dispatch.sent_at]
    last = event.occurred_at
    for failed_at in earlier:
        yield Phase(kind="tried" if failed_at is earlier[0] else "retry", start=last, end=failed_at)
        last = failed_at
    yield Phase(kind="retry" if earlier else "timer", start=last, end=row.due_at)
    due = max(last, row.due_at)
    if dispatch is None:
        if row.state == DeliveryState.WAITING:
            yield Phase(kind="relay", start=due, end=now)
        return
    ended = min((at for at in (row.done_at, dispatch.closed_at) if at), default=now)
    started = dispatch.started_at or ended
    yield Phase(kind="relay", start=due, end=dispatch.sent_at)
    yield Phase(kind="queue", start=max(due, dispatch.sent_at), end=started)
    yield Phase(kind="run", start=started, end=ended)
