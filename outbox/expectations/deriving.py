"""From an order's events and deliveries, and the contracts, to what is owed to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from outbox.answers import WAITS_FOR
from outbox.events import published_events
from outbox.expectations.expectation import Expectation, Outlook, Reason
from outbox.expectations.reasons import Because, not_relayed, why_not_yet
from outbox.expectations.wording import clock, either
from outbox.expectations.world import World, emits, within
from outbox.models import Delivery, DeliveryState, Event, Reaction, Subscription

OWED = (DeliveryState.WAITING, DeliveryState.DISPATCHED, DeliveryState.PARKED)
OPEN = (*OWED, DeliveryState.ORPHANED)


def derive(order_id: UUID, events: Sequence[Event], deliveries: Sequence[Delivery], world: World) -> Outlook:
    """Returns what is owed to the order; runs no statement.

    Args:
        events: all of the order's, with their `pendingevent`.
        deliveries: all of these events', each with its dispatch, and the open ones with their failed attempts.
    """
    return _Case(events, deliveries, world).outlook(order_id)


class _Case:
    """One order's rows, looked at together."""

    def __init__(self, events: Sequence[Event], deliveries: Sequence[Delivery], world: World) -> None:
        self.world = world
        self.events = {event.position: event for event in events}
        self.deliveries = [
            row for row in deliveries if row.event_id in self.events and row.reaction_id in world.reactions
        ]
        self.delivered = {(row.event_id, row.reaction_id) for row in self.deliveries}
        self.names = {event.name for event in events}

    def outlook(self, order_id: UUID) -> Outlook:
        found = [*self._open(), *self._not_relayed(), *self._never_delivered(), *self._unanswered(), *self._joins()]
        return Outlook(
            order_id=order_id,
            now=self.world.now,
            events=list(self.events.values()),
            expectations=sorted(found, key=lambda one: (-one.weight, not one.needs_somebody, one.since, one.reaction)),
            may_come=frozenset(self.may_come),
            unheard=[event for event in self.events.values() if event.name not in self.world.subscriptions],
        )

    @cached_property
    def may_come(self) -> set[str]:
        """What can still follow from what is open."""
        owing = {row.reaction_id for row in self.deliveries if row.state in OWED}
        return self.world.consequences(owing | {sub.reaction_id for _, sub in self._still_to_be_heard()})

    def _open(self) -> Iterator[Expectation]:
        for row in self.deliveries:
            if row.state in OPEN:
                yield self._expect(row.reaction_id, self.events[row.event_id], row, why_not_yet(row, self.world))

    def _not_relayed(self) -> Iterator[Expectation]:
        for event, sub in self._still_to_be_heard():
            because = not_relayed(self.world.reactions[sub.reaction_id], self.world)
            yield self._expect(sub.reaction_id, event, None, because)

    def _still_to_be_heard(self) -> Iterator[tuple[Event, Subscription]]:
        for event in self.events.values():
            if hasattr(event, "pendingevent"):
                yield from ((event, sub) for sub in self._to_hear(event))

    def _to_hear(self, event: Event) -> list[Subscription]:
        """The subscriptions that have still to get the event. (It may have been relayed since the events were read.)"""
        return [
            sub
            for sub in self.world.subscriptions.get(event.name, ())
            if sub.since < event.position and (event.position, sub.reaction_id) not in self.delivered
        ]

    def _never_delivered(self) -> Iterator[Expectation]:
        """The events that were fanned out, and not to everybody who listens: what fan-out must never do."""
        for event in self.events.values():
            for sub in () if hasattr(event, "pendingevent") else self._to_hear(event):
                heard = f"{sub.reaction_id} listens to {event.name} and has never got it"
                why = f"{heard}, though it happened at {self._at(event)}."
                yield self._expect(sub.reaction_id, event, None, (Reason.NEVER_DELIVERED, why))

    def _unanswered(self) -> Iterator[Expectation]:
        """The deliveries that ended without the answer that their contract promises."""
        answered = {(event.cause_id, event.producer) for event in self.events.values() if event.cause_kind == "event"}
        for row in self.deliveries:
            event, reaction = self.events[row.event_id], self.world.reactions[row.reaction_id]
            if row.state != DeliveryState.DONE or not emits(reaction) or row.outcome.startswith(WAITS_FOR):
                continue
            if (str(event.id), row.reaction_id) not in answered:
                yield self._expect(row.reaction_id, event, row, (Reason.SILENCE, self._silence(row, event, reaction)))

    def _silence(self, row: Delivery, event: Event, reaction: Reaction) -> str:
        done = clock(row.done_at, self.world.now) if row.done_at else "some time"
        return (
            f"{reaction.app} handled {event.name} of {self._at(event)} at {done} and answered nothing, though "
            f"{row.reaction_id} promises {either(emits(reaction))}. No error was raised, and nothing more comes of it."
        )

    def _joins(self) -> Iterator[Expectation]:
        """The events that a join has stored, while another that it needs has not happened."""
        if any(event.discharges_joins for name, event in published_events().items() if name in self.names):
            return
        for row in self.deliveries:
            missing = row.outcome.removeprefix(WAITS_FOR)
            if row.state != DeliveryState.DONE or missing == row.outcome or missing in self.names:
                continue
            yield self._expect(row.reaction_id, self.events[row.event_id], row, self._joined(row, missing))

    def _joined(self, row: Delivery, missing: str) -> Because:
        event = self.events[row.event_id]
        known = f"{row.reaction_id} has {event.name} since {self._at(event)} and waits for {missing}"
        if missing in self.may_come:
            return Reason.JOIN, f"{known}."
        return Reason.STRANDED, f"{known}, but nobody who is at work can still publish that."

    def _at(self, event: Event) -> str:
        return clock(event.occurred_at, self.world.now)

    def _expect(self, reaction_id: str, event: Event, row: Delivery | None, because: Because) -> Expectation:
        reaction, (reason, why) = self.world.reactions[reaction_id], because
        since, limit = self._since(reaction, event, row), within(reaction)
        return Expectation(
            app=reaction.app,
            reaction=reaction_id,
            event=event,
            delivery=row,
            reason=reason,
            why=why,
            emits=emits(reaction),
            since=since,
            due_by=since + limit if limit and reason not in (Reason.JOIN, Reason.STRANDED) else None,
            usual=self.world.usual.get(reaction_id),
            weight=self.world.weight(reaction_id),
            now=self.world.now,
        )

    def _since(self, reaction: Reaction, event: Event, row: Delivery | None) -> datetime:
        """When the answer was first owed: at the event, or when the reaction's delay was over.

        A delay until a field of the event is kept only in `due_at`, which a retry moves.
        """
        for sub in reaction.subscriptions.all():
            if sub.event_name == event.name and sub.after_field and row is not None:
                return row.due_at
            if sub.event_name == event.name:
                return event.occurred_at + timedelta(seconds=sub.after_seconds)
        return event.occurred_at
