"""Careful mode: after a worker has died on a dispatch, each delivery runs alone and is counted before it runs."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection

from outbox import heartbeats
from outbox.conf import Conf
from outbox.delivery import deliver as delivering
from outbox.delivery import rows
from outbox.models import Delivery, Dispatch
from outbox.relay.claim import Message
from outbox.relay.leases import take_over
from tests.outbox.conftest import Only, Stage
from tests.outbox.rings import calls, delivery_of, dispatched, effects, expire, work


def died_on(message: Message) -> Message:
    """A worker starts the dispatch and is never heard of again; returns the careful successor's message."""
    rows.start(message.dispatch, message.reaction, "killed")
    expire(message.dispatch)
    (successor,) = take_over()
    return successor


@pytest.fixture
def worker_lives(echo_alone: None) -> None:
    heartbeats.beat("worker@here", "worker", ["toy", "toy.effects"])


@pytest.mark.django_db
@pytest.mark.usefixtures("worker_lives")
class TestASuccessorOfTheDead:
    def test_runs_each_delivery_alone_with_its_attempt_counted_before(self, stage: Stage) -> None:
        seen: list[tuple[UUID, int, int]] = []

        def look(point: str, order_id: UUID) -> None:
            in_batch = Delivery.objects.filter(state="dispatched").count()
            seen.append((order_id, delivery_of(order_id).attempts, in_batch))

        orders, message = dispatched(*[stage("look", look)] * 3)
        work(died_on(message))
        assert seen == [(orders[0], 1, 3), (orders[1], 1, 2), (orders[2], 1, 1)]
        assert [(delivery_of(o).state, effects(o)) for o in orders] == [("done", 1)] * 3
        assert not Dispatch.objects.filter(closed_at=None).exists()

    def test_runs_those_with_the_fewest_attempts_first(self, stage: Stage) -> None:
        seen: list[UUID] = []
        orders, message = dispatched(*[stage("look", lambda point, order_id: seen.append(order_id))] * 3)
        Delivery.objects.filter(order_id=orders[0]).update(attempts=2)
        Delivery.objects.filter(order_id=orders[2]).update(attempts=1)
        work(died_on(message))
        assert seen == [orders[1], orders[2], orders[0]]

    def test_counts_an_attempt_that_fails_once(self) -> None:
        (order, neighbour), message = dispatched("raise@echo", "")
        work(died_on(message))
        culprit = delivery_of(order)
        assert (culprit.state, culprit.attempts, culprit.failed_attempts.get().number) == ("waiting", 1, 1)
        assert delivery_of(neighbour).state == "done"

    def test_parks_what_has_killed_its_worker_too_often_and_does_the_neighbours(self) -> None:
        (killer, neighbour), message = dispatched("", "")
        Delivery.objects.filter(order_id=killer).update(attempts=Conf.max_attempts)
        work(died_on(message))
        parked = delivery_of(killer)
        assert (parked.state, effects(killer)) == ("parked", 0)
        assert parked.outcome == f"its worker died on it again and again ({Conf.max_attempts} attempts)"
        assert delivery_of(neighbour).state == "done"

    def test_does_nothing_for_deliveries_that_the_dead_one_had_finished(self) -> None:
        (done, left), message = dispatched("", "")
        successor = died_on(message)
        Delivery.objects.filter(order_id=done).update(state="done")
        work(successor)
        assert (effects(done), effects(left)) == (0, 1)

    def test_hands_back_what_it_cannot_begin_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delivering, "PATIENCE", -1.0)
        orders, message = dispatched("", "")
        work(died_on(message))
        assert [(delivery_of(o).state, delivery_of(o).attempts) for o in orders] == [("waiting", 0)] * 2
        assert not Dispatch.objects.filter(closed_at=None).exists()


@pytest.mark.django_db(transaction=True)
class TestTheCountOfAnAttempt:
    def test_is_committed_before_the_delivery_runs(self, echo_alone: None, stage: Stage) -> None:
        heartbeats.beat("worker@here", "worker", ["toy"])

        def die(point: str, order_id: UUID) -> None:
            connection.close()  # all that a killed process leaves behind is what it had committed
            raise SystemExit

        (order,), message = dispatched(stage("die", die))
        successor = died_on(message)
        with pytest.raises(SystemExit):
            work(successor)
        connection.close()
        assert (delivery_of(order).state, delivery_of(order).attempts) == ("dispatched", 1)


@pytest.mark.django_db
class TestACarefulEffect:
    def test_is_called_one_by_one_and_done(self, only: Only) -> None:
        only("toy.ring_far_end")
        heartbeats.beat("worker@here", "worker", ["toy.effects"])
        orders, message = dispatched("", "", "")
        work(died_on(message))
        assert [delivery_of(o, "toy.ring_far_end").state for o in orders] == ["done"] * 3
        assert [calls(o) for o in orders] == [1, 1, 1]
        assert not Dispatch.objects.filter(closed_at=None).exists()
