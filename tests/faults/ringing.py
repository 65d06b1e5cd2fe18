"""What the fault tests do and see: rings, and everything that has to follow from each of them exactly once."""

from __future__ import annotations

from collections import Counter
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models.query import QuerySet

from outbox import publish
from outbox.models import Attempt, Delivery, Event
from tests.processes import quiet, wait_until
from tests.toy.events import Rung
from tests.toy.models import Effect, FarEnd, Joined

QUEUES = ("toy", "toy.effects")
# What follows from one ring: effects by reaction, and events by name.
EFFECTS = {"echo": 1, "count": 2, "RingFarEnd": 1, "SendPostcard": 1}
EVENTS = {"toy.Rung": 1, "toy.Echoed": 1, "toy.Heard": 3}


def ring(*notes: str) -> list[UUID]:
    """Publishes one ring for each note, in one transaction; returns their orders."""
    orders = [uuid4() for _ in notes]
    with transaction.atomic():
        publish(*(Rung(order_id=order, note=note) for order, note in zip(orders, notes, strict=True)))
    return orders


def deliveries(reaction: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(reaction_id=reaction)


def wait_until_quiet(seconds: float = 60) -> None:
    wait_until(quiet, "everything is done", seconds)


def states(*reactions: str) -> dict[str, int]:
    """Counts the deliveries by state: those of these reactions, or all but the timers."""
    chosen = Delivery.objects.filter(reaction_id__in=reactions) if reactions else Delivery.objects.all()
    return dict(Counter(chosen.exclude(reaction_id="toy.remember").values_list("state", flat=True)))


def assert_each_happened_once(orders: list[UUID], *, but: tuple[str, ...] = ()) -> None:
    """Everything that follows from these rings has happened, and nothing has twice; leaves out the effects in `but`."""
    effects = Counter(Effect.objects.filter(order_id__in=orders).values_list("order_id", "reaction"))
    wanted = {(order, name): times for order in orders for name, times in EFFECTS.items() if name not in but}
    assert {pair: times for pair, times in effects.items() if pair[1] not in but} == wanted
    assert Joined.objects.filter(order_id__in=orders, rung=True, echoed=True).count() == len(orders)
    assert not FarEnd.objects.filter(calls__gt=1).exists()
    events = Counter(Event.objects.filter(order_id__in=orders).values_list("name", flat=True))
    published = {name: times * len(orders) for name, times in EVENTS.items()}
    published["toy.Heard"] -= Delivery.objects.filter(order_id__in=orders, state="parked").count()
    assert events == published


def assert_no_attempt_was_burnt() -> None:
    assert not Attempt.objects.exists()
    assert not Delivery.objects.filter(attempts__gt=0).exists()
