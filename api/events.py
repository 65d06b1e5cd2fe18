"""Events over HTTP: as customers are told of them, and, for staff and services, with all that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from api.bodies import Moment
from outbox.models import Delivery, Event


class DeliveryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event for one reaction."""

    reaction: str
    state: str
    attempts: int
    outcome: str
    done_at: Moment | None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What staff and services see of an event beside the fact: its cause, and who has reacted."""

    id: UUID
    version: int
    cause_kind: str
    cause_id: str
    producer: str
    actor: str
    traceparent: str
    deliveries: Sequence[DeliveryEntry]


class EventEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that has happened to an order."""

    position: int
    name: str
    order_id: UUID
    occurred_at: Moment
    payload: Mapping[str, Any]
    envelope: Envelope | UnsetType = UNSET


def fact(event: Event, payload: Mapping[str, Any], envelope: Envelope | UnsetType = UNSET) -> EventEntry:
    """Returns the event with so much of its payload."""
    return EventEntry(
        position=event.position,
        name=event.name,
        order_id=event.order_id,
        occurred_at=event.occurred_at,
        payload=payload,
        envelope=envelope,
    )


def whole(events: Sequence[Event]) -> list[EventEntry]:
    """Returns the events with all that is known of them, in one statement more."""
    deliveries: dict[int, list[DeliveryEntry]] = defaultdict(list)
    for row in Delivery.objects.filter(event__in=[event.pk for event in events]).order_by("reaction_id"):
        deliveries[row.event_id].append(_delivery(row))
    return [fact(event, event.payload, _envelope(event, deliveries[event.pk])) for event in events]


def _delivery(row: Delivery) -> DeliveryEntry:
    return DeliveryEntry(
        reaction=row.reaction_id, state=row.state, attempts=row.attempts, outcome=row.outcome, done_at=row.done_at
    )


def _envelope(event: Event, deliveries: Sequence[DeliveryEntry]) -> Envelope:
    return Envelope(
        id=event.id,
        version=event.version,
        cause_kind=event.cause_kind,
        cause_id=event.cause_id,
        producer=event.producer,
        actor=event.actor,
        traceparent=event.traceparent,
        deliveries=deliveries,
    )
