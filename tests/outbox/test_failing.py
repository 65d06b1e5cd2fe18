"""Failing: the culprit is found and recorded, tried again later and at last parked; its neighbours go on."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from outbox.conf import Conf
from outbox.delivery.failures import backoff
from outbox.models import Attempt, Delivery, Dispatch
from outbox.models import Reaction as ReactionRow
from tests.outbox.conftest import Stage
from tests.outbox.rings import (
    again,
    delivery_of,
    dispatched,
    effects,
    emitted,
    execute,
    publish_by_hand,
    relay,
    ring,
    run,
    states,
    work,
)
from tests.outbox.threads import DEADLINE, eventually, together


def raises(sqlstate: str, point: str = "echo") -> str:
    """A statement that fails with this SQLSTATE."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'asked to at {point}' USING ERRCODE = '{sqlstate}'; END $$"


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestOneOfManyFails:
    def test_the_others_are_done(self) -> None:
        notes = [""] * 16
        notes[11] = "raise@echo"
        deliveries = run(*notes)
        expected = ["done"] * 16
        expected[11] = "waiting"
        assert states(deliveries) == expected
        assert [effects(d.order_id) for d in deliveries] == [int(state == "done") for state in expected]
        assert sum(len(emitted(d.order_id)) for d in deliveries) == 15
        assert Dispatch.objects.get().closed_at is not None

    def test_the_attempt_is_written_down_with_all_that_one_needs_to_find_the_cause(self) -> None:
        _, culprit = run("", "raise@echo")
        attempt = Attempt.objects.get()
        assert (attempt.delivery_id, attempt.number) == (culprit.pk, 1)
        assert (attempt.exception, attempt.message) == ("AskedTo", "asked to raise at echo")
        assert "act_out" in attempt.traceback
        assert (attempt.worker, attempt.task_id) == ("worker-1", "task-1")
        assert (culprit.attempts, culprit.outcome) == (1, "AskedTo: asked to raise at echo")

    def test_several_culprits_are_all_found(self) -> None:
        notes = ["raise@echo" if number % 3 == 0 else "" for number in range(10)]
        assert states(run(*notes)) == ["waiting" if note else "done" for note in notes]
        assert Attempt.objects.count() == 4

    def test_it_is_due_again_after_the_backoff_and_then_alone_is_tried(self) -> None:
        done, culprit = run("", "raise@echo")
        assert culprit.due_at <= culprit.event.occurred_at + timedelta(seconds=60)
        again()
        assert Dispatch.objects.latest("id").size == 1
        assert [delivery_of(d.order_id).attempts for d in (done, culprit)] == [0, 2]

    def test_a_payload_that_its_reader_cannot_decode_fails_alone(self) -> None:
        good = ring("", "")
        bad = publish_by_hand("toy.Rung", {"order_id": "no uuid"})
        (message,) = relay()
        work(message)
        assert states([delivery_of(order) for order in [*good, bad]]) == ["done", "done", "waiting"]
        assert Attempt.objects.get().exception == "ValidationError"

    def test_text_that_the_database_cannot_hold_does_not_keep_a_failure_from_being_recorded(self, stage: Stage) -> None:
        def fail(point: str, order_id: UUID) -> None:
            raise ValueError("a\0b\ud800" + "x" * 10_000)

        (culprit,) = run(stage("unprintable", fail))
        assert Attempt.objects.get().message.startswith("a\N{SYMBOL FOR NULL}b?xxx")
        assert culprit.state == "waiting"

    def test_names_that_are_too_long_do_not_either(self) -> None:
        (order,), message = dispatched("raise@echo")
        work(message, worker="w" * 500, task_id="t" * 500)
        assert (delivery_of(order).state, delivery_of(order).attempts) == ("waiting", 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestTryingAgain:
    def test_parks_the_delivery_after_the_last_attempt_and_says_why(self, settings: object) -> None:
        (culprit,) = run("raise@echo")
        again(Conf.max_attempts + 3)
        culprit.refresh_from_db()
        assert (culprit.state, culprit.attempts) == ("parked", Conf.max_attempts)
        assert culprit.outcome == f"AskedTo: asked to raise at echo (after {Conf.max_attempts} attempts)"
        numbers = culprit.failed_attempts.order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, Conf.max_attempts + 1))

    def test_succeeds_when_the_cause_has_gone(self, stage: Stage) -> None:
        tries = Counter[UUID]()

        def fail_twice(point: str, order_id: UUID) -> None:
            tries[order_id] += point == "echo"
            if tries[order_id] <= 2:
                raise ConnectionError("away")

        (delivery,) = run(stage("fail twice", fail_twice))
        again(3)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, effects(delivery.order_id)) == ("done", 2, 1)

    def test_waits_longer_each_time_but_never_longer_than_the_longest(self) -> None:
        longest = [max(backoff(attempt) for _ in range(300)) for attempt in range(1, 12)]
        bounds = [min(Conf.longest_backoff, Conf.backoff * 2**attempt) for attempt in range(1, 12)]
        assert all(bound * 0.5 < seen <= bound for seen, bound in zip(longest, bounds, strict=True))
        assert min(backoff(3) for _ in range(300)) < Conf.backoff


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestTransientErrorsOfTheDatabase:
    @pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57014", "57P01", "08006"])
    def test_are_tried_again_as_a_batch_and_not_counted(self, stage: Stage, sqlstate: str) -> None:
        tries = Counter[str]()

        def fail_twice(point: str, order_id: UUID) -> None:
            tries[point] += 1
            if point == "echo" and tries[point] <= 2:
                execute(raises(sqlstate))

        deliveries = run("", stage("fail twice", fail_twice), "")
        assert [(d.state, d.attempts, effects(d.order_id)) for d in deliveries] == [("done", 0, 1)] * 3
        assert not Attempt.objects.exists()

    def test_that_never_end_are_counted_in_the_end(self, stage: Stage) -> None:
        tries = Counter[str]()

        def always_fail(point: str, order_id: UUID) -> None:
            tries[point] += 1
            execute(raises("40001"))

        (delivery,) = run(stage("always", always_fail))
        assert (delivery.state, delivery.attempts) == ("waiting", 1)
        assert Attempt.objects.get().exception == "OperationalError"
        assert tries["echo"] == 1 + Conf.transient_retries

    def test_are_not_those_that_the_same_statement_would_raise_again(self, stage: Stage) -> None:
        tries = Counter[str]()

        def fail(point: str, order_id: UUID) -> None:
            tries[point] += 1
            execute(raises("23505"))

        (delivery,) = run(stage("unique", fail))
        assert (tries["echo"], delivery.attempts, Attempt.objects.get().exception) == (1, 1, "IntegrityError")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("echo_alone")
class TestARealDeadlock:
    def test_ends_with_both_done_once_and_no_attempt_counted(self, stage: Stage) -> None:
        ReactionRow.objects.filter(pk="toy.echo").update(batch_size=1)
        both_hold_one = threading.Barrier(2)
        locks: dict[UUID, list[int]] = {}
        met: set[UUID] = set()

        def lock_crosswise(point: str, order_id: UUID) -> None:
            if point == "echo":
                first, second = locks[order_id]
                execute("SELECT pg_advisory_xact_lock(%s)", first)
                if order_id not in met:
                    met.add(order_id)
                    both_hold_one.wait(DEADLINE)
                execute("SELECT pg_advisory_xact_lock(%s)", second)

        note = stage("crosswise", lock_crosswise)
        orders = ring(note, note)
        locks.update(zip(orders, ([1, 2], [2, 1]), strict=True))
        messages = relay() + relay()
        before = self.deadlocks()
        together(*[partial(work, message) for message in messages])
        assert [(delivery_of(o).state, delivery_of(o).attempts, effects(o)) for o in orders] == [("done", 0, 1)] * 2
        eventually(lambda: self.deadlocks() > before)  # the server counts when the connections have ended

    def deadlocks(self) -> int:
        """How many deadlocks the server has broken in this database."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            return int(cursor.fetchone()[0])


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestNotReadyYet:
    def test_comes_back_soon_and_costs_no_attempt(self) -> None:
        (delivery,) = run("not ready")
        again(20)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, delivery.outcome) == ("waiting", 0, "not ready: asked to")
        assert Delivery.objects.filter(due_at__lt=Now() + timedelta(seconds=5)).exists()

    def test_becomes_visible_when_its_time_is_up(self) -> None:
        self._late()
        again()
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts) == ("waiting", 1)
        attempt = Attempt.objects.get()
        assert (attempt.exception, attempt.message.startswith("asked to (for longer than")) == ("StillNotReady", True)

    def test_is_no_error_the_first_time_however_late_that_is(self) -> None:
        self._late()
        assert Delivery.objects.get().state == "waiting"
        assert not Attempt.objects.exists()

    def _late(self) -> None:
        """Lets a delivery be asked for the first time when its time is up already; it is due again."""
        ring("not ready")
        execute("SET LOCAL outbox.maintenance = 'on'")
        execute("UPDATE outbox_event SET occurred_at = occurred_at - interval '31 seconds'")
        (message,) = relay()
        work(message)

    def test_leaves_the_others_of_its_batch_alone(self) -> None:
        assert states(run("", "not ready", "ignore")) == ["done", "waiting", "ignored"]


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestTheSearchForTheCulprit:
    def test_is_a_bisection_and_does_not_try_each_one(self) -> None:
        orders, message = dispatched(*[""] * 63, "raise@echo")
        with CaptureQueriesContext(connection) as queries:
            work(message)
        runs = sum('INSERT INTO "toy_effect"' in query["sql"] for query in queries)
        assert runs == 13  # 64, then each time both halves: 2 x log2(64), and the first
        assert sum(effects(order) for order in orders) == 63
