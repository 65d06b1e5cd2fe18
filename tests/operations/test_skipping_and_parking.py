"""Deciding that a delivery is not to be done, or not now: with a reason, and never past a worker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from outbox.models import Delivery, Operation, Reaction
from outbox.operations import requesting
from outbox.operations.requesting import Refused
from tests.operations.asking import ask, failing, outcomes, parked, state
from tests.operations.conftest import Only
from tests.outbox.rings import again, delivery_of, dispatched, effects, relay, ring, run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def echo_alone(only: Only) -> None:
    only("toy.echo")


class TestSkipping:
    def test_ends_it_with_who_and_why(self) -> None:
        (delivery,) = parked("raise@echo")
        operation = ask("skip", delivery, reason="the customer has called")
        delivery.refresh_from_db()
        assert (delivery.state, delivery.outcome) == ("skipped", "skipped by staff:sue: the customer has called")
        assert (outcomes(operation), operation.counts) == (["skipped"], {"skipped": 1})
        assert operation.closed_at is not None
        again()
        assert effects(delivery.order_id) == 0

    def test_can_be_taken_back(self) -> None:
        (delivery,) = parked("raise@echo")
        ask("skip", delivery)
        assert outcomes(ask("redeliver", delivery)) == ["released"]
        assert state(delivery) == "waiting"

    def test_needs_a_reason(self) -> None:
        (delivery,) = parked("raise@echo")
        with pytest.raises(Refused, match="needs a reason"):
            ask("skip", delivery, reason="  ")
        assert (state(delivery), Operation.objects.count()) == ("parked", 0)

    def test_leaves_alone_what_runs_and_what_is_done(self) -> None:
        (done,) = run("")
        (order,), _ = dispatched("")
        running = delivery_of(order)
        assert outcomes(ask("skip", done, running)) == ["already_done", "already_running"]
        assert (state(done), state(running)) == ("done", "dispatched")


class TestParkingOnPurpose:
    def test_holds_it_until_it_is_released(self) -> None:
        (delivery,) = failing("raise@echo")
        assert outcomes(ask("park", delivery, reason="wait for the fix")) == ["parked"]
        delivery.refresh_from_db()
        assert delivery.outcome == "parked on purpose by staff:sue: wait for the fix"
        again()
        assert state(delivery) == "parked"
        assert outcomes(ask("release", delivery)) == ["released"]
        again()
        assert state(delivery) == "waiting"

    def test_a_timer_keeps_its_time(self) -> None:
        (delivery,) = failing("raise@echo")
        in_an_hour = Now() + timedelta(hours=1)
        Delivery.objects.update(dispatch=None, attempts=0, outcome="", due_at=in_an_hour)
        delivery.refresh_from_db()
        ask("park", delivery)
        ask("release", delivery)
        released = Delivery.objects.get(pk=delivery.pk)
        assert (released.state, released.due_at, released.outcome) == ("waiting", delivery.due_at, "")

    def test_leaves_alone_what_is_parked_already_and_releasing_what_is_not(self) -> None:
        (delivery,) = parked("raise@echo")
        (done,) = run("")
        assert outcomes(ask("park", delivery)) == ["already_parked"]
        assert outcomes(ask("release", done)) == ["not_parked"]


class TestPausing:
    def test_lets_deliveries_pile_up_until_it_is_resumed(self) -> None:
        echo = Reaction.objects.get(pk="toy.echo")
        operation = requesting.pause(echo, actor="staff:sue", reason="it does damage")
        assert (operation.kind, operation.reason, operation.about) == ("pause", "it does damage", "reaction toy.echo")
        (order,) = ring("")
        assert relay() == []
        requesting.resume(echo, actor="staff:sue")
        again()
        assert effects(order) == 1

    def test_says_what_is_under_way(self) -> None:
        dispatched("")
        operation = requesting.pause(Reaction.objects.get(pk="toy.echo"), actor="staff:sue", reason="x")
        assert operation.outcome == "paused; 1 dispatches were under way and end as usual"

    def test_twice_or_without_a_reason_is_refused(self) -> None:
        echo = Reaction.objects.get(pk="toy.echo")
        with pytest.raises(Refused, match="needs a reason"):
            requesting.pause(echo, actor="staff:sue", reason="")
        with pytest.raises(Refused, match="not paused"):
            requesting.resume(echo, actor="staff:sue")
        requesting.pause(echo, actor="staff:sue", reason="x")
        with pytest.raises(Refused, match="paused already"):
            requesting.pause(echo, actor="staff:sue", reason="x")
        assert Operation.objects.count() == 1
