"""An old relay and an old worker beside a new worker, during a deployment."""

from __future__ import annotations

from collections import Counter
from uuid import UUID, uuid4

from outbox.models import Dispatch, Heartbeat, RejectedMessage
from tests.faults.ringing import (
    QUEUES,
    assert_each_happened_once,
    assert_no_attempt_was_burnt,
    deliveries,
    ring,
    states,
    wait_until_quiet,
)
from tests.processes import Processes, wait_until
from tests.toy.models import Effect

NEXT = {"DJANGO_SETTINGS_MODULE": "tests.faults.next_release.settings"}
# What the next release adds to each ring. Its `count` hears the greeting, besides the ring and the echo.
ADDED = {"greet": 1, "welcome": 1, "toll": 1, "count": 3}


def test_nothing_is_forgotten_or_parked(processes: Processes) -> None:
    relay, old = processes.relay(), processes.worker(*QUEUES)
    processes.wait_until_at_work()
    before, greeted = ring(*[""] * 3), uuid4()
    wait_until_quiet()

    deployment = processes.start("deployment", "-m", "tests.faults.next_release.deploy", str(greeted), **NEXT)
    assert deployment.wait() == 0
    orders = ring(*[""] * 10)
    wait_until(old_ones_have_met_everything_new, "the old worker and the old relay have met everything that is new")

    processes.worker(*QUEUES, "bell", **NEXT)
    orders += ring(*[""] * 10)
    wait_until_quiet()
    assert set(states()) == {"done"}
    assert_no_attempt_was_burnt()
    assert not RejectedMessage.objects.exists()
    assert_each_happened_once(before)
    assert_added(orders)
    assert effects_of([greeted]) == {(greeted, "welcome"): 1, (greeted, "count"): 1}
    assert relay.lives()
    assert old.lives()
    assert not Heartbeat.objects.exclude(note="").exists()


def old_ones_have_met_everything_new() -> bool:
    handed_back = Dispatch.objects.filter(started=0).exclude(closed_at=None)
    return (
        handed_back.filter(reaction="toy.greet").exists()
        and handed_back.filter(reaction="toy.welcome").exists()
        and deliveries("toy.count").filter(outcome="left for a worker that knows toy.Greeted").exists()
        and Dispatch.objects.filter(reaction="bell.toll").exists()
    )


def assert_added(orders: list[UUID]) -> None:
    added = {pair: times for pair, times in effects_of(orders).items() if pair[1] in ADDED}
    assert added == {(order, name): times for order in orders for name, times in ADDED.items()}


def effects_of(orders: list[UUID]) -> Counter[tuple[UUID, str]]:
    return Counter(Effect.objects.filter(order_id__in=orders).values_list("order_id", "reaction"))
