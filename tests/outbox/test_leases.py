"""Leases: what a dead worker held goes on under a new token, and the dead one's late hand writes nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models.functions import Now

from outbox import heartbeats
from outbox.delivery import rows
from outbox.delivery.deliver import react
from outbox.delivery.failures import Run
from outbox.delivery.rows import Fenced, Outcome
from outbox.models import Delivery, Dispatch, Heartbeat
from outbox.reactions import reactions
from outbox.relay.claim import Message
from outbox.relay.leases import take_over
from tests.outbox.conftest import Only, Stage
from tests.outbox.rings import calls, delivery_of, dispatched, effects, emitted, expire, work
from tests.outbox.threads import elsewhere, somebody_else


@pytest.fixture
def worker_lives(echo_alone: None) -> None:
    heartbeats.beat("worker@here", "worker", ["toy", "toy.effects"])


def handed_on(message: Message) -> Message:
    """The lease ends; returns the successor's message."""
    expire(message.dispatch)
    (successor,) = take_over()
    return successor


@pytest.mark.django_db
@pytest.mark.usefixtures("worker_lives")
class TestAnExpiredLease:
    def test_hands_the_same_rows_to_a_new_dispatch_with_a_longer_lease(self) -> None:
        orders, message = dispatched("", "")
        successor = handed_on(message)
        old, new = Dispatch.objects.get(pk=message.dispatch), Dispatch.objects.get(pk=successor.dispatch)
        assert old.closed_at is not None
        assert (new.size, new.lease_seconds, new.started, new.closed_at) == (2, old.lease_seconds * 2, 0, None)
        assert (successor.reaction, successor.queue) == (message.reaction, message.queue)
        assert [delivery_of(order).dispatch_id for order in orders] == [new.pk, new.pk]

    def test_doubles_up_to_the_longest(self) -> None:
        _, message = dispatched("")
        leases = []
        for _ in range(6):
            message = handed_on(message)
            leases.append(Dispatch.objects.get(pk=message.dispatch).lease_seconds)
        assert leases == [10, 20, 40, 60, 60, 60]

    def test_makes_the_successor_careful_if_it_had_been_started(self) -> None:
        _, message = dispatched("")
        rows.start(message.dispatch, message.reaction, "worker-1")
        assert Dispatch.objects.get(pk=handed_on(message).dispatch).careful

    def test_makes_nobody_careful_if_it_had_not(self) -> None:
        _, message = dispatched("")
        assert not Dispatch.objects.get(pk=handed_on(message).dispatch).careful

    def test_leaves_the_next_one_careful_even_if_the_careful_one_never_started(self) -> None:
        _, message = dispatched("")
        rows.start(message.dispatch, message.reaction, "worker-1")
        assert Dispatch.objects.get(pk=handed_on(handed_on(message)).dispatch).careful

    def test_costs_the_deliveries_no_attempt(self) -> None:
        (order,), message = dispatched("")
        handed_on(message)
        assert delivery_of(order).attempts == 0

    def test_of_a_dispatch_with_nothing_left_to_do_only_closes_it(self) -> None:
        _, message = dispatched("")
        Delivery.objects.update(state="skipped")
        expire(message.dispatch)
        assert take_over() == []
        assert Dispatch.objects.get().closed_at is not None


@pytest.mark.django_db
@pytest.mark.usefixtures("worker_lives")
class TestNothingIsTakenOver:
    def untouched(self) -> bool:
        return take_over() == [] and Dispatch.objects.get().closed_at is None

    def test_while_the_lease_runs(self) -> None:
        dispatched("")
        assert self.untouched()

    def test_while_no_worker_lives(self) -> None:
        _, message = dispatched("")
        expire(message.dispatch)
        Heartbeat.objects.update(beat_at=Now() - timedelta(minutes=1))
        assert self.untouched()
        heartbeats.beat("worker@here", "worker", ["toy"])
        assert len(take_over()) == 1

    def test_while_no_worker_consumes_its_queue(self) -> None:
        _, message = dispatched("")
        expire(message.dispatch)
        heartbeats.beat("worker@here", "worker", ["toy.effects"])
        assert self.untouched()

    def test_because_a_relay_lives(self) -> None:
        _, message = dispatched("")
        expire(message.dispatch)
        Heartbeat.objects.all().delete()
        heartbeats.beat("relay@here", "relay", ["toy"])
        assert self.untouched()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("worker_lives")
class TestARowThatIsLockedIsBeingWorkedOn:
    def test_its_dispatch_gets_more_time(self) -> None:
        (order, _), message = dispatched("", "")
        expire(message.dispatch)
        with somebody_else() as other:
            other.execute("SELECT 1 FROM outbox_delivery WHERE order_id = %s FOR UPDATE", [order])
            assert take_over() == []
        dispatch = Dispatch.objects.get()
        assert dispatch.closed_at is None
        assert Dispatch.objects.filter(lease_until__gt=Now()).exists()

    def test_a_slow_reaction_is_not_doubled(self, stage: Stage) -> None:
        taken_over: list[list[Message]] = []

        def slow(point: str, order_id: UUID) -> None:
            if point == "echo":
                elsewhere(lambda: expire(message.dispatch))
                taken_over.append(elsewhere(take_over))

        (order,), message = dispatched(stage("slow", slow))
        work(message)
        assert taken_over == [[]]
        assert (delivery_of(order).state, effects(order)) == ("done", 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("worker_lives")
class TestAZombie:
    def test_that_wakes_up_after_its_successor_has_finished_finds_nothing(self) -> None:
        (order,), message = dispatched("")
        rows.start(message.dispatch, message.reaction, "zombie")
        work(handed_on(message))
        reaction = reactions()["toy.echo"]
        assert reaction.react is not None
        assert react(reaction, reaction.react, Run(message.dispatch, "zombie"), None) == []
        assert (delivery_of(order).state, effects(order), len(emitted(order))) == ("done", 1, 1)

    def test_that_wakes_up_before_its_successor_starts_finds_nothing_either(self) -> None:
        (order,), message = dispatched("")
        rows.start(message.dispatch, message.reaction, "zombie")
        successor = handed_on(message)
        reaction = reactions()["toy.echo"]
        assert reaction.react is not None
        assert react(reaction, reaction.react, Run(message.dispatch, "zombie"), None) == []
        assert delivery_of(order).state == "dispatched"
        work(successor)
        assert (delivery_of(order).state, effects(order)) == ("done", 1)

    def test_cannot_start_a_dispatch_that_was_taken_over(self) -> None:
        (order,), message = dispatched("")
        successor = handed_on(message)
        work(message)
        assert Dispatch.objects.get(pk=message.dispatch).started == 0
        assert delivery_of(order).dispatch_id == successor.dispatch
        assert delivery_of(order).state == "dispatched"

    def test_writes_no_outcome_no_attempt_and_releases_nothing(self) -> None:
        (order,), message = dispatched("")
        handed_on(message)
        row = delivery_of(order).pk
        with pytest.raises(Fenced):
            rows.finish(message.dispatch, [Outcome(row, "parked", "by a zombie")])
        assert rows.count_attempt(message.dispatch, row) is None
        rows.release(message.dispatch)
        assert (delivery_of(order).state, delivery_of(order).attempts) == ("dispatched", 0)


@pytest.mark.django_db(transaction=True)
class TestAZombieThatHasCalledTheOutsideWorld:
    def test_writes_nothing_when_its_successor_has_taken_over_during_the_call(self, only: Only, stage: Stage) -> None:
        only("toy.ring_far_end")
        heartbeats.beat("worker@here", "worker", ["toy.effects"])
        successors: list[Message] = []

        def overtaken(point: str, order_id: UUID) -> None:
            if point == "after call" and not successors:
                successors.append(elsewhere(lambda: handed_on(message)))
                elsewhere(lambda: work(successors[0], worker="successor"))

        (order,), message = dispatched(stage("overtaken", overtaken))
        work(message, worker="zombie")
        delivery = delivery_of(order, "toy.ring_far_end")
        assert (delivery.state, delivery.dispatch_id) == ("done", successors[0].dispatch)
        assert (calls(order), effects(order, "RingFarEnd")) == (1, 1)
        assert len(emitted(order, "toy.Heard")) == 1
        assert delivery.failed_attempts.count() == 0

    def test_keeps_what_it_is_recording_at_the_moment(self, only: Only, stage: Stage) -> None:
        """Nobody can ask whether a postcard was sent: taken away now it would be parked, though its worker lives."""
        only("toy.send_postcard")
        heartbeats.beat("worker@here", "worker", ["toy.effects"])
        taken_over: list[list[Message]] = []

        def slow(point: str, order_id: UUID) -> None:
            if point == "after call":
                elsewhere(lambda: expire(message.dispatch))
            elif point == "record":
                taken_over.append(elsewhere(take_over))

        (order,), message = dispatched(stage("slow", slow))
        work(message)
        assert taken_over == [[]]
        assert (delivery_of(order, "toy.send_postcard").state, calls(order, "SendPostcard")) == ("done", 1)

    def test_records_those_that_were_not_taken_away_from_it(self, only: Only, stage: Stage) -> None:
        only("toy.ring_far_end")

        def taken_away(point: str, order_id: UUID) -> None:
            if point == "after call":
                elsewhere(lambda: Delivery.objects.filter(order_id=order_id).update(state="skipped"))

        (taken, kept), message = dispatched(stage("taken away", taken_away), "")
        work(message)
        assert [delivery_of(order, "toy.ring_far_end").state for order in (taken, kept)] == ["skipped", "done"]
        assert [effects(order, "RingFarEnd") for order in (taken, kept)] == [0, 1]
        assert [len(emitted(order)) for order in (taken, kept)] == [0, 1]
