"""`kill -9` at random moments while two hundred rings are on their way."""

from __future__ import annotations

import random
from uuid import UUID

from outbox.models import Attempt, Delivery
from tests.faults.ringing import QUEUES, assert_each_happened_once, deliveries, ring, states, wait_until_quiet
from tests.processes import Processes, quiet, wait_until
from tests.toy.models import FarEnd

ROUNDS = 5
RINGS = 40  # a round


def test_everything_is_done_exactly_once(processes: Processes) -> None:
    relay, worker = processes.relay(), processes.worker(*QUEUES)
    processes.wait_until_at_work()
    orders: list[UUID] = []
    hits = 0
    for victim in random.sample(["relay", "worker"], counts=[2, 3], k=ROUNDS):
        orders += ring(*[""] * RINGS)
        wait_until_some_are_done(random.randrange(5 * RINGS))
        assert relay.lives()
        assert worker.lives()
        if victim == "relay":
            relay.kill()
            relay = processes.relay()
        else:
            hits += worker.kill_in_the_act()
            worker = processes.worker(*QUEUES)
    assert hits, "no kill has hit work in hand"
    wait_until_quiet(90)
    assert_each_happened_once(orders, but=("SendPostcard",))
    assert not Attempt.objects.exists()
    assert set(states()) <= {"done", "parked"}
    assert_only_postcards_are_in_doubt()


def wait_until_some_are_done(more: int) -> None:
    done = Delivery.objects.filter(state="done")
    target = done.count() + more
    wait_until(lambda: done.count() >= target or quiet(), f"{more} more deliveries are done")


def assert_only_postcards_are_in_doubt() -> None:
    """Of a postcard nobody can say whether it was sent when the worker died; it waits for an operator."""
    parked = Delivery.objects.filter(state="parked")
    assert parked.count() == deliveries("toy.send_postcard").filter(state="parked").count()
    assert not parked.exclude(outcome__startswith="may have been done").exists()
    assert not FarEnd.objects.filter(calls__gt=1).exists()
