"""An expectation: what somebody owes an order; and an outlook: all that is owed to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from outbox.models import Delivery, Event


class Reason(StrEnum):
    """Why what is owed has not happened yet."""

    ON_ITS_WAY = "on its way"
    RUNNING = "running"
    QUEUED = "queued"
    TIMER = "timer"
    JOIN = "waits for another event"
    NOT_READY = "not ready"
    RETRY = "retry"
    RELAY_DOWN = "relay down"
    WORKER_DOWN = "worker down"
    PAUSED = "paused"
    PARKED = "parked"
    ORPHANED = "orphaned"
    SILENCE = "silence"
    STRANDED = "stranded"
    NEVER_DELIVERED = "never delivered"
    NOT_KEPT = "not answered yet"


# These do not end by themselves: somebody has to do something.
NEED_SOMEBODY = frozenset(
    {
        Reason.RELAY_DOWN,
        Reason.WORKER_DOWN,
        Reason.PAUSED,
        Reason.PARKED,
        Reason.ORPHANED,
        Reason.SILENCE,
        Reason.STRANDED,
        Reason.NEVER_DELIVERED,
    }
)
# Nobody is late with these: they have their time, or wait for what somebody else owes.
HAVE_TIME = frozenset({Reason.TIMER, Reason.JOIN})
# The contract is broken, and no error says so.
SILENT = frozenset({Reason.SILENCE, Reason.STRANDED, Reason.NEVER_DELIVERED})


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One reaction owes an answer to one event, since `since` and, by its contract, until `due_by`.

    `why` says in a sentence why it has not answered yet. `usual` is how long 95 of 100 of its answers take, if known.
    `weight` grows with the number of events that depend on the answer.
    """

    app: str
    reaction: str
    event: Event
    delivery: Delivery | None
    reason: Reason
    why: str
    emits: Sequence[str]
    since: datetime
    due_by: datetime | None
    usual: timedelta | None
    weight: int
    now: datetime

    @property
    def waited(self) -> timedelta:
        return max(self.now - self.since, timedelta(0))

    @property
    def overdue(self) -> timedelta | None:
        """By how much the contract's time is over; None while it is not."""
        return self.now - self.due_by if self.due_by and self.now > self.due_by else None

    @property
    def needs_somebody(self) -> bool:
        """Whether it does not go on by itself."""
        return self.reason in NEED_SOMEBODY

    @property
    def has_time(self) -> bool:
        return self.reason in HAVE_TIME

    @property
    def is_silent(self) -> bool:
        return self.reason in SILENT


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is owed to one order, the weightiest first, seen at `now`; `may_come` names all that can follow from it.

    `events` are those that have happened, in the order of their positions; `unheard` those to which nobody listens.
    """

    order_id: UUID
    now: datetime
    events: Sequence[Event]
    expectations: Sequence[Expectation]
    may_come: frozenset[str]
    unheard: Sequence[Event]

    @property
    def in_hand(self) -> list[Expectation]:
        """What is owed now: all but what has its time."""
        return [one for one in self.expectations if not one.has_time]

    @property
    def main(self) -> Expectation | None:
        """What the order waits for: of all that is owed now, that on which most depends."""
        return next(iter(self.in_hand), None)

    @property
    def next_timer(self) -> Expectation | None:
        timers = [one for one in self.expectations if one.reason == Reason.TIMER]
        return min(timers, key=lambda one: one.since, default=None)

    @property
    def silent(self) -> list[Expectation]:
        """The contracts that are broken without an error."""
        return [one for one in self.expectations if one.is_silent]

    @property
    def overdue(self) -> list[Expectation]:
        return [one for one in self.in_hand if one.overdue]
