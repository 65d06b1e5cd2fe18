"""`kill -9` at random moments while two hundred rings are on their way."""

from __future__ import annotations

import random
from itertools import pairwise
from uuid import UUID

from outbox.models import Attempt, Delivery
from tests.faults.ringing import QUEUES, assert_each_happened_once, deliveries, ring, states, wait_until_quiet
from tests.processes import Processes, wait_until
from tests.toy.models import FarEnd

RINGS = 200
DELIVERIES = 7 * RINGS


def test_everything_is_done_exactly_once(processes: Processes) -> None:
    relay, worker = processes.relay(), processes.worker(*QUEUES)
    processes.wait_until_at_work()
    orders: list[UUID] = []
    moments = [0, *sorted(random.sample(range(20, DELIVERIES * 3 // 4), k=4)), DELIVERIES]
    for number, (begin, end) in enumerate(pairwise(moments)):
        orders += ring(*[""] * (RINGS * (end - begin) // DELIVERIES + (number == 4)))
        if number == 4:
            break
        target = 7 * len(orders) // 2
        wait_until(lambda target=target: finished() >= target, f"{target} deliveries are done")  # type: ignore[misc]
        if number % 2:
            relay.kill()
            relay = processes.relay()
        else:
            worker.kill()
            worker = processes.worker(*QUEUES)
    wait_until_quiet(90)
    assert_each_happened_once(orders, but=("SendPostcard",))
    assert not Attempt.objects.exists()
    assert set(states()) <= {"done", "parked"}
    assert_only_postcards_are_in_doubt()


def finished() -> int:
    return Delivery.objects.filter(state="done").count()


def assert_only_postcards_are_in_doubt() -> None:
    """Of a postcard nobody can say whether it was sent when the worker died; it waits for an operator."""
    parked = Delivery.objects.filter(state="parked")
    assert parked.count() == deliveries("toy.send_postcard").filter(state="parked").count()
    assert not parked.exclude(outcome__startswith="may have been done").exists()
    assert not FarEnd.objects.filter(calls__gt=1).exists()
