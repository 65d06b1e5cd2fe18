"""Delivering again: what it does to a delivery in each state, and that only what came of it counts as its outcome."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from outbox.models import Delivery, Operation
from outbox.operations.requesting import Refused, preview, request
from tests.operations.asking import ask, failing, outcomes, parked, state, verified
from tests.operations.conftest import Only, Stage
from tests.outbox.rings import again, delivery_of, dispatched, effects, emitted, run, work
from tests.toy.scenes import Scene

pytestmark = pytest.mark.django_db


def fails_for(times: int) -> Scene:
    """A scene that fails so many times and then goes well."""
    left = [times]

    def scene(point: str, order_id: object) -> None:
        if point == "echo" and left[0]:
            left[0] -= 1
            raise RuntimeError("not yet")

    return scene


@pytest.fixture(autouse=True)
def echo_alone(only: Only) -> None:
    only("toy.echo")


class TestAParkedDelivery:
    def test_starts_anew_and_is_a_success_only_when_it_is_done(self, stage: Stage) -> None:
        (delivery,) = parked(stage("mended", fails_for(2)))
        operation = ask("redeliver", delivery)
        assert (outcomes(operation), operation.closed_at) == (["released"], None)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, delivery.done_at) == ("waiting", 0, None)
        assert verified(operation) == ["released"]
        again()
        assert verified(operation) == ["succeeded"]
        operation.refresh_from_db()
        assert operation.counts == {"succeeded": 1}
        assert operation.closed_at is not None
        assert effects(delivery.order_id) == 1

    def test_that_fails_again_is_said_to_although_the_engine_goes_on_trying(self) -> None:
        (delivery,) = parked("raise@echo")
        operation = ask("redeliver", delivery)
        again()
        assert (verified(operation), state(delivery)) == (["failed_again"], "waiting")
        assert "AskedTo" in operation.items.get().words

    def test_keeps_what_it_was_in_the_record(self) -> None:
        (delivery,) = parked("raise@echo")
        item = ask("redeliver", delivery).items.get()
        assert item.before.startswith("parked: AskedTo: asked to raise at echo (after 8 attempts)")

    def test_that_has_nothing_left_to_do_says_so(self) -> None:
        (delivery,) = run("ignore")
        operation = ask("redeliver", delivery, done_too=True)
        again()
        assert verified(operation) == ["nothing_to_do"]
        assert operation.items.get().words == "asked to"


class TestADeliveryThatWaits:
    def test_for_its_next_attempt_is_tried_now_and_keeps_its_count(self, stage: Stage) -> None:
        (delivery,) = failing(stage("once", fails_for(1)))
        Delivery.objects.update(due_at=Now() + timedelta(hours=1))
        operation = ask("redeliver", delivery)
        delivery.refresh_from_db()
        assert (outcomes(operation), delivery.attempts) == (["released"], 1)
        again()
        assert verified(operation) == ["succeeded"]

    def test_and_is_due_is_left_to_the_relay(self) -> None:
        (delivery,) = failing("raise@echo")
        Delivery.objects.update(due_at=Now())
        assert outcomes(ask("redeliver", delivery)) == ["already_due"]

    def test_for_its_time_is_left_to_it(self) -> None:
        (delivery,) = failing("raise@echo")
        Delivery.objects.update(dispatch=None, attempts=0, due_at=Now() + timedelta(hours=1))
        assert outcomes(ask("redeliver", delivery)) == ["not_due_yet"]


class TestADeliveryThatIsDone:
    def test_is_left_alone(self) -> None:
        (delivery,) = run("")
        operation = ask("redeliver", delivery)
        assert (outcomes(operation), state(delivery)) == (["already_done"], "done")
        assert operation.closed_at is not None

    def test_is_delivered_again_when_that_is_asked_for(self) -> None:
        (delivery,) = run("")
        operation = ask("redeliver", delivery, done_too=True)
        again()
        assert verified(operation) == ["succeeded"]


def test_one_that_runs_is_left_alone() -> None:
    (order,), message = dispatched("")
    delivery = delivery_of(order)
    operation = ask("redeliver", delivery)
    assert (outcomes(operation), state(delivery)) == (["already_running"], "dispatched")
    work(message)
    assert state(delivery) == "done"
    assert len(emitted(order)) == 1


def test_the_preview_says_what_would_happen_and_does_nothing() -> None:
    done, _ = run("", "")
    (failed,) = parked("raise@echo")
    told = preview(Operation(kind="redeliver"), [done.pk, failed.pk])
    assert (told.deliveries, told.orders, told.verdicts) == (2, 2, {"already_done": 1, "released": 1})
    assert (state(done), state(failed)) == ("done", "parked")


@pytest.mark.parametrize("chosen", [[], list(range(10_001)), [4711]])
def test_a_choice_of_nothing_or_too_much_is_refused(chosen: list[int]) -> None:
    with pytest.raises(Refused):
        request(Operation(kind="redeliver", actor="staff:sue"), chosen)
    assert not Operation.objects.exists()


def test_what_was_chosen_twice_is_done_once() -> None:
    (delivery,) = parked("raise@echo")
    assert outcomes(ask("redeliver", delivery, delivery)) == ["released"]
