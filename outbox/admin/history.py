"""The event history: what has happened to an order, why, who reacted, and what became of that.

Five statements at most, however many events and deliveries there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from outbox.admin.masking import masked
from outbox.models import Attempt, Delivery, DeliveryState, Event

LONGEST = 500
OPEN = (DeliveryState.WAITING, DeliveryState.DISPATCHED, DeliveryState.PARKED)


@dataclass(frozen=True, kw_only=True)
class ToldDelivery:
    """A delivery with what it led to and the runs of it that failed."""

    row: Delivery
    emitted: Sequence[Event]
    failed_attempts: Sequence[Attempt]
    now: datetime

    @property
    def waited(self) -> timedelta | None:
        """From when it was due until a worker started on it, or until now; None while it is not due."""
        started_at = self.row.dispatch.started_at if self.row.dispatch else None
        if self.row.state == DeliveryState.WAITING or (self.row.state == DeliveryState.DISPATCHED and not started_at):
            started_at = self.now  # not the start of the dispatch of an earlier attempt
        if started_at is None or self.row.due_at > self.now:
            return None
        return max(started_at - self.row.due_at, timedelta(0))

    @property
    def ran(self) -> timedelta | None:
        """How long its dispatch, the whole batch, has run; None if it has not started."""
        dispatch = self.row.dispatch
        if dispatch is None or dispatch.started_at is None:
            return None
        return (dispatch.closed_at or self.row.done_at or self.now) - dispatch.started_at

    @property
    def outcome(self) -> str:
        """The outcome in words; empty where these only name the events that it led to."""
        named = ", ".join(event.name for event in self.emitted)
        return "" if self.row.outcome == named else self.row.outcome

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen: by itself, or by an operator."""
        return self.row.state in OPEN

    @property
    def is_timed(self) -> bool:
        """Whether it waits for a time that is still to come: a timer, or the next attempt."""
        return self.row.state == DeliveryState.WAITING and self.row.due_at > self.now

    @property
    def is_timer(self) -> bool:
        """Whether it has only ever waited for its time; until then there is nothing to finish."""
        return self.is_timed and not self.row.attempts and not self.row.outcome


@dataclass(frozen=True, kw_only=True)
class ToldEvent:
    """An event with its cause, if that is an event too, and its deliveries."""

    row: Event
    cause: Event | None
    also_needed: Sequence[Event]
    deliveries: Sequence[ToldDelivery]
    revealed: bool = False

    @property
    def payload(self) -> Any:
        """What the event says; its personal fields are hidden unless they have been revealed."""
        return self.row.payload if self.revealed else masked(self.row.name, self.row.payload)

    @property
    def is_pending(self) -> bool:
        """Whether the relay has not fanned it out yet."""
        return hasattr(self.row, "pendingevent")


@dataclass(frozen=True, kw_only=True)
class History:
    """Events in the order of their positions, told at `now`; `is_cut` if there are more than could be shown."""

    events: Sequence[ToldEvent]
    is_cut: bool
    now: datetime

    @property
    def began_at(self) -> datetime:
        return self.events[0].row.occurred_at if self.events else self.now

    @property
    def positions(self) -> set[int]:
        return {event.row.position for event in self.events}

    @property
    def deliveries(self) -> list[ToldDelivery]:
        return [delivery for event in self.events for delivery in event.deliveries]

    @property
    def unfinished(self) -> list[ToldDelivery]:
        return [delivery for delivery in self.deliveries if delivery.is_open]

    @property
    def in_hand(self) -> list[ToldDelivery]:
        """What is not finished, without the timers: these have their time."""
        return [delivery for delivery in self.unfinished if not delivery.is_timer]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many deliveries there are in each state that occurs, in the order of the states."""
        found = Counter(delivery.row.state for delivery in self.deliveries)
        return [(state, found[state]) for state in DeliveryState.values if found[state]]

    @property
    def pending(self) -> int:
        return sum(event.is_pending for event in self.events)


def event_history(order_id: UUID, *, revealed: bool = False) -> History:
    """Returns the history of an order, its first 500 events; empty if there are none.

    `revealed` shows the personal fields of its events, which are hidden otherwise.
    """
    rows = list(_events().filter(order_id=order_id).order_by("position")[: LONGEST + 1])
    return _tell(rows[:LONGEST], is_cut=len(rows) > LONGEST, revealed=revealed)


def history_of(event: Event, *, revealed: bool = False) -> History:
    """Returns the history that consists of this event alone."""
    return _tell(list(_events().filter(pk=event.pk)), is_cut=False, revealed=revealed)


def delivery_in_history(delivery: Delivery) -> tuple[ToldEvent, ToldDelivery]:
    """Returns a delivery, and the event that it delivers, as their order's history tells them."""
    (event,) = _tell(list(_events().filter(pk=delivery.event_id)), is_cut=False).events
    return event, next(told for told in event.deliveries if told.row.pk == delivery.pk)


def _events() -> QuerySet[Event]:
    return Event.objects.select_related("pendingevent")


def _tell(rows: Sequence[Event], *, is_cut: bool, revealed: bool = False) -> History:
    now = timezone.now()
    known, emitted, deliveries = _named_by(rows), _emitted_because_of(rows), _deliveries_of(rows)

    def tell_delivery(row: Delivery, event: Event) -> ToldDelivery:
        led_to = emitted[str(event.id), row.reaction_id]
        return ToldDelivery(row=row, emitted=led_to, failed_attempts=list(row.failed_attempts.all()), now=now)

    def tell_event(row: Event) -> ToldEvent:
        return ToldEvent(
            row=row,
            cause=known.get(row.cause_id),
            also_needed=[known[id] for id in row.also_needed if id in known],
            deliveries=[tell_delivery(delivery, row) for delivery in deliveries[row.position]],
            revealed=revealed,
        )

    return History(events=[tell_event(row) for row in rows], is_cut=is_cut, now=now)


def _named_by(rows: Sequence[Event]) -> dict[str, Event]:
    """The events, and those that they name as their causes, by id; without payload if not among the rows."""
    known = {str(row.id): row for row in rows}
    named = {row.cause_id for row in rows if row.cause_kind == "event"}.union(*(row.also_needed for row in rows))
    elsewhere = Event.objects.filter(id__in=[id for id in named - known.keys() if _is_uuid(id)]).defer("payload")
    return known | {str(event.id): event for event in elsewhere}


def _emitted_because_of(rows: Sequence[Event]) -> defaultdict[tuple[str, str], list[Event]]:
    """What the reactions emitted in answer to these events, by the event's id and the reaction."""
    emitted: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    # The orders narrow it to an index; by its cause alone an event is not found quickly.
    because = Event.objects.filter(
        order_id__in={row.order_id for row in rows}, cause_kind="event", cause_id__in=[str(row.id) for row in rows]
    )
    for event in because.defer("payload").order_by("position"):
        emitted[event.cause_id, event.producer].append(event)
    return emitted


def _deliveries_of(rows: Sequence[Event]) -> defaultdict[int, list[Delivery]]:
    """The deliveries of these events by the event's position, each with its dispatch and its failed attempts."""
    deliveries: defaultdict[int, list[Delivery]] = defaultdict(list)
    attempts = Prefetch("failed_attempts", Attempt.objects.order_by("number", "pk"))
    found = Delivery.objects.filter(event__in=[row.position for row in rows])
    for delivery in found.select_related("dispatch").prefetch_related(attempts).order_by("reaction_id"):
        deliveries[delivery.event_id].append(delivery)
    return deliveries


def _is_uuid(text: object) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True
