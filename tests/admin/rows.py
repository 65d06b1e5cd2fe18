"""Rows as the engine and the apps would have written them, made directly: these tests are about the pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.db import connection

from orders.models import Order, OrderLine
from outbox.models import Attempt, Delivery, Dispatch, Event, Reaction, Subscription

PLACED_AT = datetime(2025, 11, 22, 14, 2, 11, 123000, tzinfo=UTC)


def an_order(**given: Any) -> Order:
    customer, _ = get_user_model().objects.get_or_create(username="mo", defaults={"email": "mo@example.org"})
    order = Order.objects.create(
        **{
            "number": f"ORD-2025-{Order.objects.count() + 1:06d}",
            "customer": customer,
            "customer_email": "mo@example.org",
            "currency": "EUR",
            "total": 3998,
            "payment_method": "pm_card_ok",
            "ship_to": {"recipient": "Mo Nyx", "lines": ["1 High St"], "locality": "York", "country": "GB"},
            "placed_at": PLACED_AT,
            "status_since": PLACED_AT,
        }
        | given
    )
    OrderLine.objects.create(order=order, sku="MUG-BLUE", name="Blue mug", quantity=2, unit_price=1999)
    return order


def an_event(
    name: str = "orders.OrderPlaced",
    *,
    order_id: UUID,
    because_of: Event | None = None,
    also_needed: Iterable[Event] = (),
    after: timedelta = timedelta(0),
    **given: Any,
) -> Event:
    """An event that happened `after` the order was placed; without a cause event, because of a request."""
    cause = {"cause_kind": "request", "cause_id": "req-1", "producer": "POST /api/v1/orders", "actor": "mo"}
    if because_of:
        cause = {"cause_kind": "event", "cause_id": str(because_of.id), "producer": "inventory.reserve_stock"}
    return Event.objects.create(
        **{
            "id": uuid4(),
            "name": name,
            "order_id": order_id,
            "payload": {"order_id": str(order_id)},
            "also_needed": [str(event.id) for event in also_needed],
            "occurred_at": PLACED_AT + after,
        }
        | cause
        | given
    )


def a_reaction(id: str = "inventory.reserve_stock", *hears: str, **given: Any) -> Reaction:
    app = id.partition(".")[0]
    contract = {"reads": {name: ["order_id"] for name in hears}, "emits": [], "may_ignore": True, "within_s": 30.0}
    defaults = {"app": app, "queue": app, "contract": contract, "batch_size": 200, "credit": 2} | given
    reaction, _ = Reaction.objects.update_or_create(id=id, defaults=defaults)
    for name in hears:
        Subscription.objects.get_or_create(reaction=reaction, event_name=name)
    return reaction


def a_dispatch(reaction: Reaction, *, sent_at: datetime, **given: Any) -> Dispatch:
    """A dispatch that was started 6 ms after it was sent, and ran for 25 ms, unless told otherwise."""
    started_at = sent_at + timedelta(milliseconds=6)
    return Dispatch.objects.create(
        **{
            "reaction": reaction,
            "size": 1,
            "sent_at": sent_at,
            "lease_seconds": 5.0,
            "lease_until": sent_at + timedelta(seconds=5),
            "started": 1,
            "started_at": started_at,
            "worker": "worker@host-1",
            "closed_at": started_at + timedelta(milliseconds=25),
        }
        | given
    )


def a_delivery(event: Event, reaction: Reaction | str = "inventory.reserve_stock", **given: Any) -> Delivery:
    """A delivery that was due with its event, sent 4 ms later, and done, unless told otherwise."""
    row = reaction if isinstance(reaction, Reaction) else a_reaction(reaction, event.name)
    defaults = {"state": "done", "due_at": event.occurred_at, "outcome": ""}
    if "dispatch" not in given:
        dispatch = a_dispatch(row, sent_at=event.occurred_at + timedelta(milliseconds=4))
        defaults |= {"dispatch": dispatch, "done_at": dispatch.closed_at}
    return Delivery.objects.create(event=event, reaction=row, order_id=event.order_id, **(defaults | given))


def a_failed_attempt(delivery: Delivery, number: int = 1, **given: Any) -> Attempt:
    return Attempt.objects.create(
        delivery=delivery,
        number=number,
        failed_at=PLACED_AT + timedelta(seconds=number),
        **{
            "exception": "ConnectionError",
            "message": "the provider hung up",
            "traceback": "Traceback (most recent call last):\n  File …",
            "worker": "worker@host-1",
            "task_id": "6f1c",
        }
        | given,
    )


def mark_pending(event: Event) -> None:
    """Marks the event as not yet fanned out by the relay."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO outbox_pendingevent (event_id) VALUES (%s)", [event.position])
