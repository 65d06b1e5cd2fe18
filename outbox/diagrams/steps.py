"""The steps of a story in the order of time: what set it off, what was published, who handled it, who was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from outbox.admin.history import History, ToldDelivery, ToldEvent
from outbox.admin.marks import glyph_of
from outbox.diagrams.labels import bare
from outbox.diagrams.phases import outcome_of
from outbox.models import DeliveryState

LONGEST = 200  # of more steps, repeats are folded
OUTSIDE = "outside"
STAFF = "staff"


@dataclass(frozen=True, kw_only=True)
class Step:
    """An event; with a `delivery`, that it was handled. `repeats` are the later events of the same kind."""

    at: datetime
    event: ToldEvent
    delivery: ToldDelivery | None = None
    repeats: Sequence[ToldEvent] = ()
    is_trigger: bool = False

    @property
    def app(self) -> str:
        """Who publishes, or handles."""
        return self.delivery.row.reaction_id.partition(".")[0] if self.delivery else self.event.row.app

    @property
    def asks_outside(self) -> bool:
        """Whether an effect has committed its intent, so that it may have called the outside world."""
        return bool(self.delivery and self.delivery.row.called_at)

    @property
    def hearers(self) -> list[str]:
        """The apps that have a delivery of the event, each once."""
        return list(dict.fromkeys(delivery.row.reaction_id.partition(".")[0] for delivery in self.event.deliveries))


def steps_of(history: History) -> list[Step]:
    """Returns the steps of a history; where there are more than 200, each kind of event with its deliveries once."""
    steps = list(_steps([(event, ()) for event in history.events], history.now))
    if len(steps) > LONGEST:
        steps = list(_steps(_folded(history.events), history.now))
    return sorted(steps, key=lambda step: (step.at, not step.is_trigger, step.delivery is not None))


def actor_of(event: ToldEvent) -> str:
    """Returns who set an event off that no other event caused: staff, the client, or the system itself."""
    kind, _, _ = event.row.actor.partition(":")
    if kind == STAFF or event.row.cause_kind == "operation":
        return STAFF
    return "client" if event.row.cause_kind == "request" else "system"


def _steps(events: Sequence[tuple[ToldEvent, Sequence[ToldEvent]]], now: datetime) -> Iterator[Step]:
    for event, repeats in events:
        if event.row.cause_kind != "event":
            yield Step(at=event.row.occurred_at, event=event, is_trigger=True, repeats=repeats)
        if not ends_in_its_effect(event):
            yield Step(at=event.row.occurred_at, event=event, repeats=repeats)
        for delivery in event.deliveries:
            at = max(_handled_at(delivery, now), event.row.occurred_at)
            yield Step(at=at, event=event, delivery=delivery, repeats=repeats)


def ends_in_its_effect(event: ToldEvent) -> bool:
    """Whether it only records what a reaction did: nobody hears it, so the reaction's box names it."""
    return event.row.cause_kind == "event" and not event.deliveries and not event.is_pending


def _handled_at(delivery: ToldDelivery, now: datetime) -> datetime:
    row = delivery.row
    if row.state == DeliveryState.WAITING:
        return max(now, row.due_at)
    return (row.dispatch.started_at if row.dispatch else None) or row.done_at or now


def _folded(events: Sequence[ToldEvent]) -> list[tuple[ToldEvent, Sequence[ToldEvent]]]:
    alike = groupby(sorted(events, key=_kind), key=_kind)
    kinds = [sorted(same, key=lambda event: event.row.position) for _, same in alike]
    return [(same[0], same[1:]) for same in kinds]


def _kind(event: ToldEvent) -> tuple[object, ...]:
    outcomes = sorted((delivery.row.reaction_id, delivery.row.state) for delivery in event.deliveries)
    return event.row.name, event.row.cause_kind, event.row.producer, outcomes


def event_words(step: Step) -> str:
    """Returns the event in a few words, with how many more there were like it."""
    words = f"{bare(step.event.row.name)} #{step.event.row.position}"
    if step.repeats:
        words += f", and {len(step.repeats)} more like it until #{step.repeats[-1].row.position}"
    if step.event.is_pending:
        words += ", not relayed yet"
    return words if step.event.deliveries or step.event.is_pending else f"{words}, which nobody hears"


def delivery_words(event: ToldEvent, delivery: ToldDelivery) -> tuple[str, str]:
    """Returns the reaction, and what came of it: what it emitted, or else its outcome, or else what it heard."""
    name = f"{glyph_of(delivery.row.state)} {bare(delivery.row.reaction_id)}"
    return name, outcome_of(delivery) or f"← {bare(event.row.name)}"


def rows_of(steps: Iterable[Step]) -> Iterator[tuple[Step, str, str, str]]:
    """Yields each step with from whom, to whom and what, for the table beside the drawing."""
    for step in steps:
        if step.delivery:
            what = " ".join(delivery_words(step.event, step.delivery))
            yield step, step.event.row.app, step.delivery.row.reaction_id, what
        elif step.is_trigger:
            yield step, actor_of(step.event), step.app, step.event.row.producer
        else:
            yield step, step.app, ", ".join(step.hearers) or "nobody", event_words(step)
