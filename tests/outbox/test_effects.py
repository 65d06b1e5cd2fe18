"""Effects: prepared and committed, called without the database, recorded as they arrive; after a doubt, asked first."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now

from outbox.delivery import calling
from outbox.delivery.deliver import deliver
from outbox.models import Attempt, Delivery, Dispatch
from outbox.reactions import reactions
from tests.outbox.conftest import Stage
from tests.outbox.rings import (
    again,
    calls,
    delivery_of,
    dispatched,
    effects,
    emitted,
    expire,
    run,
    states,
    work,
)
from tests.outbox.threads import DEADLINE, elsewhere, eventually
from tests.toy.scenes import failing_once

EFFECT = "toy.ring_far_end"


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestTheThreeParts:
    def test_run_in_order_and_once(self, stage: Stage) -> None:
        points: list[str] = []
        (delivery,) = run(stage("look", failing_once("nowhere", points)))
        assert points == ["prepare", "before call", "after call", "record"]
        assert (delivery.state, delivery.outcome, delivery.attempts) == ("done", "toy.Heard", 0)
        assert (calls(delivery.order_id), effects(delivery.order_id, "RingFarEnd")) == (1, 1)
        (heard,) = emitted(delivery.order_id)
        assert (heard.cause_id, heard.producer) == (str(delivery.event.id), EFFECT)
        assert Dispatch.objects.get().closed_at is not None

    def test_a_delivery_that_needs_no_call_is_finished_without_one(self) -> None:
        ignored, unready, done = run("no call", "not ready", "")
        assert states([ignored, unready, done]) == ["ignored", "waiting", "done"]
        assert [calls(d.order_id) for d in (ignored, unready, done)] == [0, 0, 1]
        assert (ignored.called_at, unready.called_at, unready.attempts) == (None, None, 0)
        assert Dispatch.objects.get().closed_at is not None

    def test_a_part_that_fails_before_the_call_fails_alone_and_leaves_no_doubt(self, stage: Stage) -> None:
        points: list[str] = []
        failed, done = run(stage("once", failing_once("prepare", points)), "")
        assert states([failed, done]) == ["done", "done"]  # in the other half of the batch there is no failure left
        (failed,) = run("raise@prepare")
        assert (failed.state, failed.attempts, failed.called_at, calls(failed.order_id)) == ("waiting", 1, None, 0)

    @pytest.mark.parametrize("note", ["silence", "stranger", "twice"])
    def test_a_batch_is_prepared_exactly_once_an_order_or_not_called_at_all(self, note: str) -> None:
        departed, fine = run(note, "")
        assert states([departed, fine]) == ["waiting", "done"]
        assert Attempt.objects.get().exception == "ContractBroken"
        assert (calls(departed.order_id), calls(UUID(int=0))) == (0, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestTheDatabaseInACall:
    def test_is_forbidden_and_the_attempt_says_so(self) -> None:
        culprit, fine = run("database in call", "")
        assert states([culprit, fine]) == ["waiting", "done"]
        attempt = Attempt.objects.get()
        assert attempt.exception == "DatabaseForbidden"
        assert "may not use the database" in attempt.message

    def test_is_forbidden_in_the_threads_of_calls_only(self) -> None:
        run("database in call")
        assert Delivery.objects.exists()
        elsewhere(lambda: connection.ensure_connection())


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestSomeOfABatchFail:
    def test_in_their_calls_and_the_others_are_recorded(self) -> None:
        deliveries = run("", "raise@before call", "", "raise@after call", "")
        assert states(deliveries) == ["done", "waiting", "done", "waiting", "done"]
        assert [d.attempts for d in deliveries] == [0, 1, 0, 1, 0]

    def test_in_their_record_and_the_others_are_recorded(self) -> None:
        deliveries = run("", "", "raise@record", "")
        assert states(deliveries) == ["done", "done", "waiting", "done"]
        assert [effects(d.order_id, "RingFarEnd") for d in deliveries] == [1, 1, 0, 1]
        assert [calls(d.order_id) for d in deliveries] == [1, 1, 1, 1]


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestTheWidth:
    def test_is_how_many_calls_run_at_once_and_no_more(self, stage: Stage) -> None:
        width = reactions()[EFFECT].width
        running, most = Counter[str](), [0]
        lock, all_there = threading.Lock(), threading.Barrier(width)

        def count(point: str, order_id: UUID) -> None:
            if point == "before call":
                with lock:
                    running["calls"] += 1
                    most.append(running["calls"])
                all_there.wait(DEADLINE)  # passes only when as many as the width are there
            if point == "after call":
                with lock:
                    running["calls"] -= 1

        deliveries = run(*[stage("count", count)] * (3 * width))
        assert states(deliveries) == ["done"] * 3 * width
        assert max(most) == width


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestACallThatHangs:
    def test_is_given_up_and_looked_up_later(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calling, "GRACE", DEADLINE)
        release = threading.Event()

        def hang(point: str, order_id: UUID) -> None:
            if point == "before call":
                release.wait(DEADLINE)

        def end_the_grace(point: str, order_id: UUID) -> None:
            """Not before the other call has returned, however long that takes."""
            if point == "record":
                monkeypatch.setattr(calling, "GRACE", 0.0)

        (stuck, fine), message = dispatched(stage("hang", hang), stage("fine", end_the_grace))
        deliver(replace(reactions()[EFFECT], timeout=0.3), message.dispatch)
        try:
            given_up = delivery_of(stuck, EFFECT)
            assert (given_up.state, given_up.attempts) == ("waiting", 1)
            assert Attempt.objects.get().exception == "CallTimedOut"
            assert delivery_of(fine, EFFECT).state == "done"
        finally:
            release.set()
        eventually(lambda: calls(stuck) == 1)  # it comes back at last, and nobody listens any more
        assert delivery_of(stuck, EFFECT).state == "waiting"
        again()
        assert (delivery_of(stuck, EFFECT).state, calls(stuck)) == ("done", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("far_end_alone")
class TestADuplicateOfTheMessage:
    def test_that_comes_during_the_call_asks_nobody_and_calls_nobody(self, stage: Stage) -> None:
        points: list[str] = []

        def deliver_again(point: str, order_id: UUID) -> None:
            points.append(point)
            if point == "before call" and points.count(point) == 1:
                elsewhere(lambda: work(message, worker="another"))

        (order,), message = dispatched(stage("duplicated", deliver_again))
        work(message)
        assert points == ["prepare", "before call", "after call", "record"]
        assert (delivery_of(order, EFFECT).state, calls(order), effects(order, "RingFarEnd")) == ("done", 1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("far_end_alone")
class TestOutcomesAreRecordedAsTheyArrive:
    def test_a_slow_call_does_not_hold_the_others_back(self, stage: Stage) -> None:
        seen: list[str] = []

        def wait_for_the_other(point: str, order_id: UUID) -> None:
            if point == "before call":
                eventually(lambda: elsewhere(lambda: delivery_of(quick, EFFECT).state) == "done")
                seen.append("the quick one is done")

        (slow, quick), message = dispatched(stage("slow", wait_for_the_other), "")
        work(message)
        assert seen == ["the quick one is done"]
        assert states([delivery_of(order, EFFECT) for order in (slow, quick)]) == ["done", "done"]

    def test_the_intent_has_committed_and_the_lease_is_renewed_while_calls_run(self, stage: Stage) -> None:
        seen: list[bool] = []

        def renewed() -> bool:
            return Dispatch.objects.filter(pk=message.dispatch, lease_until__gt=Now()).exists()

        def look(point: str, order_id: UUID) -> None:
            if point == "before call":
                seen.append(elsewhere(lambda: delivery_of(order_id, EFFECT).called_at is not None))
                elsewhere(lambda: expire(message.dispatch))
                eventually(lambda: elsewhere(renewed))
                seen.append(True)

        _, message = dispatched(stage("look", look))
        work(message)
        assert seen == [True, True]
