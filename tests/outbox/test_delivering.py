"""Delivering: each event takes effect exactly once, and what is emitted says why."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now

from outbox import publish
from outbox.causes import Cause, caused_by
from outbox.models import Delivery, Dispatch, Subscription
from outbox.models import Event as EventRow
from outbox.testing import let_pass, make_due, published, run_until_quiet
from tests.outbox.conftest import Only, Stage
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
from tests.outbox.threads import together
from tests.toy.events import Echoed, Heard, Rung


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
class TestABatch:
    def test_is_done_and_its_dispatch_closed(self) -> None:
        deliveries = run("", "", "")
        assert [(d.state, d.outcome, d.drift, d.attempts) for d in deliveries] == [("done", "toy.Echoed", "", 0)] * 3
        assert all(delivery.done_at for delivery in deliveries)
        dispatch = Dispatch.objects.get()
        assert dispatch.closed_at is not None
        assert (dispatch.started, dispatch.worker) == (1, "worker-1")

    def test_what_is_ignored_says_why(self) -> None:
        ignored, done = run("ignore", "")
        assert (ignored.state, ignored.outcome, done.state) == ("ignored", "asked to", "done")
        assert emitted(ignored.order_id) == []

    def test_what_it_emits_is_pending_in_its_turn(self) -> None:
        (delivery,) = run("hello")
        (event,) = emitted(delivery.order_id)
        assert (event.name, event.payload["note"]) == ("toy.Echoed", "hello")
        assert event.pendingevent is not None

    def test_what_it_emits_names_the_input_the_reaction_and_the_trace(self) -> None:
        with caused_by(Cause(kind="request", id="r-1", actor="mo", traceparent="00-a-b-01")):
            run("", "")
        for echo in EventRow.objects.filter(name="toy.Echoed"):
            rung = EventRow.objects.get(name="toy.Rung", order_id=echo.order_id)
            assert (echo.cause_kind, echo.cause_id, echo.producer) == ("event", str(rung.id), "toy.echo")
            assert echo.traceparent == "00-a-b-01"

    def test_a_message_for_a_dispatch_that_there_never_was_does_nothing(self) -> None:
        _, message = dispatched("")
        execute("UPDATE outbox_dispatch SET id = id + 1000")
        work(message)
        assert states(Delivery.objects.all()) == ["dispatched"]

    def test_a_message_that_names_the_dispatch_of_another_reaction_does_nothing(self) -> None:
        _, message = dispatched("")
        execute("UPDATE outbox_dispatch SET reaction_id = 'toy.count'")
        work(message)
        assert states(Delivery.objects.all()) == ["dispatched"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("echo_alone")
class TestADuplicateOfTheMessage:
    def test_does_nothing_afterwards(self) -> None:
        (order,), message = dispatched("")
        for _ in range(3):
            work(message)
        assert (effects(order), len(emitted(order))) == (1, 1)

    def test_at_the_same_moment_does_nothing_either(self) -> None:
        for _ in range(10):
            orders, message = dispatched("", "", "")
            together(*[partial(work, message)] * 3)
            assert states([delivery_of(order) for order in orders]) == ["done"] * 3
            assert [effects(order) for order in orders] == [1, 1, 1]
        assert not Dispatch.objects.filter(closed_at=None).exists()


@pytest.mark.django_db
class TestAJoin:
    @pytest.fixture(autouse=True)
    def _alone(self, only: Only) -> None:
        only("toy.join")

    @pytest.mark.parametrize("order_of_arrival", [[Rung, Echoed], [Echoed, Rung]], ids=["in order", "reversed"])
    def test_waits_for_the_other_event_and_the_last_one_triggers(self, order_of_arrival: list[type]) -> None:
        first, last = order_of_arrival
        order_id = uuid4()
        outcomes = []
        for event in (first, last):
            with transaction.atomic():
                publish(event(order_id=order_id))
            again()
            outcomes.append(Delivery.objects.get(event__name=f"toy.{event.__name__}").outcome)
        assert outcomes == [f"waits for toy.{last.__name__}", "toy.Heard"]
        (heard,) = emitted(order_id, "toy.Heard")
        assert heard.cause_id == str(EventRow.objects.get(name=f"toy.{last.__name__}").id)
        assert heard.also_needed == [str(EventRow.objects.get(name=f"toy.{first.__name__}").id)]

    def test_of_two_events_that_come_together_takes_one_a_batch(self) -> None:
        order_id = uuid4()
        with transaction.atomic():
            publish(Rung(order_id=order_id), Echoed(order_id=order_id))
        run_until_quiet()
        assert published("toy.Heard") == [Heard(order_id=order_id, receipt="joined")]

    def test_does_not_mix_up_the_orders_of_a_batch(self) -> None:
        orders = [uuid4() for _ in range(5)]
        with transaction.atomic():
            publish(*[Rung(order_id=order) for order in orders])
        again()
        with transaction.atomic():
            publish(*[Echoed(order_id=order) for order in reversed(orders[:3])])
        again()
        for heard in EventRow.objects.filter(name="toy.Heard"):
            rung = EventRow.objects.get(name="toy.Rung", order_id=heard.order_id)
            assert heard.also_needed == [str(rung.id)]
        assert {event.order_id for event in published("toy.Heard")} == set(orders[:3])


@pytest.mark.django_db
class TestAFold:
    def test_takes_several_events_of_an_order_at_once_and_emits_nothing(self, only: Only) -> None:
        only("toy.count")
        order_id = uuid4()
        with transaction.atomic():
            publish(Rung(order_id=order_id), Echoed(order_id=order_id), Rung(order_id=order_id))
        (message,) = relay()
        work(message)
        assert effects(order_id, "count") == 3
        assert [(d.state, d.outcome, d.drift) for d in Delivery.objects.all()] == [("done", "", "")] * 3


@pytest.mark.django_db
class TestAReleaseThatKnowsLess:
    def test_hands_an_event_back_that_its_reaction_does_not_know_and_does_the_rest(self, only: Only) -> None:
        only("toy.echo")
        Subscription.objects.create(reaction_id="toy.echo", event_name="toy.Whispered")
        (known,) = ring("")
        unknown = publish_by_hand("toy.Whispered", {})
        (message,) = relay()
        work(message)
        assert delivery_of(known).state == "done"
        left = delivery_of(unknown)
        assert (left.state, left.attempts) == ("waiting", 0)
        assert left.outcome == "left for a worker that knows toy.Whispered"
        assert left.due_at > left.event.occurred_at
        assert Dispatch.objects.get().closed_at is not None

    def test_hands_it_back_also_when_it_comes_alone_and_however_often(self, only: Only) -> None:
        only("toy.echo")
        Subscription.objects.create(reaction_id="toy.echo", event_name="toy.Whispered")
        unknown = publish_by_hand("toy.Whispered", {})
        again(12)
        assert (delivery_of(unknown).state, delivery_of(unknown).attempts) == ("waiting", 0)


@pytest.mark.django_db
class TestTheDriverForTests:
    def test_runs_until_nothing_is_due_and_counts_timers_as_quiet(self) -> None:
        (order,) = ring("")
        run_until_quiet()
        open_ones = Delivery.objects.filter(state="waiting")
        assert [delivery.reaction_id for delivery in open_ones] == ["toy.remember"]
        assert effects(order, "remember") == 0
        make_due()
        run_until_quiet()
        assert effects(order, "remember") == 1
        assert not open_ones.all().exists()

    def test_lets_time_pass_for_timers_leases_and_contracts(self) -> None:
        (order,) = ring("")
        run_until_quiet()
        let_pass(timedelta(minutes=59))
        run_until_quiet()
        assert effects(order, "remember") == 0
        let_pass(timedelta(minutes=2))
        ring("")
        claimed = {message.dispatch for message in relay()}
        let_pass(timedelta(minutes=1))
        ended = Dispatch.objects.filter(closed_at=None, lease_until__lt=Now())
        assert set(ended.values_list("pk", flat=True)) == claimed
        assert Delivery.objects.get(order_id=order, reaction="toy.remember").dispatch_id in claimed

    def test_shows_what_was_published_as_the_events_that_they_are(self, echo_alone: None) -> None:
        (order,) = ring("hello")
        run_until_quiet()
        assert published(order_id=order) == [
            Rung(order_id=order, note="hello"),
            Echoed(order_id=order, note="hello"),
        ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("echo_alone")
class TestACommitThatDoesNotComeBack:
    def test_a_connection_that_is_cut_in_the_middle_of_a_batch_costs_a_retry_and_nothing_else(
        self, stage: Stage
    ) -> None:
        cuts: list[str] = []

        def cut(point: str, order_id: object) -> None:
            if point == "echo" and not cuts:
                cuts.append(point)
                execute("SELECT pg_terminate_backend(pg_backend_pid())")

        orders, message = dispatched("", stage("cut", cut), "")
        work(message)
        assert cuts == ["echo"]
        assert [(delivery_of(o).state, delivery_of(o).attempts, effects(o)) for o in orders] == [("done", 0, 1)] * 3
