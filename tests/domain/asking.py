"""Asking where an order is, at a time of one's choice."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orders import services
from orders.models import Order
from orders.services import Answer
from outbox.expectations import clock, look_around
from outbox.models import Delivery, Event

USUAL = {"payments.capture_payment": timedelta(seconds=3)}
LATER = 42  # seconds


def event(order_id: UUID, name: str) -> Event:
    return Event.objects.filter(order_id=order_id, name=name).latest("position")


def at(order_id: UUID, name: str) -> str:
    """The time of day at which the event happened."""
    return told(event(order_id, name).occurred_at)


def told(moment: datetime) -> str:
    """The time of day, as it is told to who asks a moment later: with its date, if the next day has begun by then."""
    return clock(moment, moment + timedelta(seconds=LATER))


def asked(order_id: UUID, *, since: str, seconds: int = LATER, **others: Any) -> Answer:
    """The answer that somebody gets so many seconds after an event; everybody who gave a sign of life still does."""
    now = event(order_id, since).occurred_at + timedelta(seconds=seconds)
    world = look_around()
    for heartbeat in world.heartbeats:
        heartbeat.beat_at += now - world.now
    seen = dataclasses.replace(world, **{"now": now, "usual": USUAL, **others})
    return services.answers([Order.objects.get(pk=order_id)], seen)[order_id]


def put_off(order_id: UUID, reaction: str, *, since: str, seconds: int) -> None:
    """Makes the reaction's next try due so many seconds after the event: its backoff is random."""
    due_at = event(order_id, since).occurred_at + timedelta(seconds=seconds)
    assert Delivery.objects.filter(order_id=order_id, reaction=reaction, state="waiting").update(due_at=due_at) == 1
