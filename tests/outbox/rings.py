"""Ringing the toy's bell, and what became of it: the vocabulary of the engine's tests."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models.functions import Now

from outbox import publish
from outbox.delivery.deliver import deliver
from outbox.models import Delivery, Dispatch
from outbox.models import Event as EventRow
from outbox.reactions import reactions
from outbox.relay.claim import Message, claim
from outbox.relay.fan_out import fan_out
from tests.toy.events import Rung
from tests.toy.models import Effect, FarEnd


def ring(*notes: str) -> list[UUID]:
    """Publishes one ring for each note, each of an order of its own, in one transaction; returns the orders."""
    rings = [Rung(order_id=uuid4(), note=note) for note in notes]
    with transaction.atomic():
        publish(*rings)
    return [rung.order_id for rung in rings]


def relay() -> list[Message]:
    """One round of the relay, without the broker."""
    fan_out()
    return claim()


def dispatched(*notes: str) -> tuple[list[UUID], Message]:
    """Rings, and relays to the one reaction that is listening; returns the orders and its message."""
    orders = ring(*notes)
    (message,) = relay()
    return orders, message


def work(message: Message, worker: str = "worker-1", task_id: str = "task-1") -> None:
    """What a worker does with the message."""
    deliver(reactions()[message.reaction], message.dispatch, worker=worker, task_id=task_id)


def run(*notes: str) -> list[Delivery]:
    """Rings, relays and works once; returns the deliveries in the order of the notes."""
    orders, message = dispatched(*notes)
    work(message)
    return [delivery_of(order, message.reaction) for order in orders]


def again(count: int = 1) -> None:
    """Makes what waits due, relays and works, so many times."""
    for _ in range(count):
        Delivery.objects.filter(state="waiting").update(due_at=Now())
        for message in relay():
            work(message)


def delivery_of(order: UUID, reaction: str = "toy.echo") -> Delivery:
    return Delivery.objects.get(order_id=order, reaction_id=reaction)


def states(deliveries: Iterable[Delivery]) -> list[str]:
    return [delivery.state for delivery in deliveries]


def effects(order: UUID, reaction: str = "echo") -> int:
    """How often the reaction has taken effect in the database for this order."""
    return Effect.objects.filter(order_id=order, reaction=reaction).count()


def calls(order: UUID, effect: str = "RingFarEnd") -> int:
    """How often the outside world has been called for this order, by its own account."""
    return sum(FarEnd.objects.filter(key=f"{effect}:{order}").values_list("calls", flat=True))


def emitted(order: UUID, *names: str) -> list[EventRow]:
    """The order's events of these names, or all but the ring."""
    events = EventRow.objects.filter(order_id=order).order_by("position")
    return list(events.filter(name__in=names) if names else events.exclude(name="toy.Rung"))


def expire(dispatch: int) -> None:
    """Ends the lease now, as time would."""
    Dispatch.objects.filter(pk=dispatch).update(lease_until=Now())


def execute(sql: str, *parameters: str | int | UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def publish_by_hand(name: str, payload: dict[str, object]) -> UUID:
    """Publishes what no code of this release would: returns the order."""
    order_id = uuid4()
    event = EventRow.objects.create(
        id=uuid4(), name=name, order_id=order_id, payload=payload, cause_kind="system", producer="another release"
    )
    execute("INSERT INTO outbox_pendingevent (event_id) VALUES (%s)", event.position)
    return order_id
