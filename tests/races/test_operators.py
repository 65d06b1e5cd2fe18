"""Races with operators: delivering again what runs, and many at once during an outage."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db.models import F

from outbox.models import Delivery, Operation
from outbox.operations.progress import advance
from tests.operations.asking import ask, failing, outcomes, parked, state, verified
from tests.operations.conftest import Only, Stage, only, stage
from tests.outbox.rings import again, delivery_of, dispatched, effects, emitted, relay, work
from tests.outbox.threads import DEADLINE, together
from tests.toy.scenes import AskedTo

__all__ = ["only", "stage"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def echo_alone(only: Only) -> None:
    only("toy.echo")


class Gate:
    """A scene in which the worker stands still, in the middle of its transaction, until the gate is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, point: str, order_id: UUID) -> None:
        if point == "echo":
            self.reached.set()
            assert self.opened.wait(DEADLINE)


def test_r29_an_operator_delivers_again_while_a_retry_is_running(stage: Stage) -> None:
    gate = Gate()
    (order,), message = dispatched(stage("gate", gate))
    delivery = delivery_of(order)

    def operate() -> Operation:
        assert gate.reached.wait(DEADLINE)
        try:
            return ask("redeliver", delivery)
        finally:
            gate.opened.set()

    _, operation = together(partial(work, message), operate)
    assert outcomes(operation) == ["already_running"]
    assert operation.closed_at is not None
    assert (state(delivery), effects(order), len(emitted(order, "toy.Echoed"))) == ("done", 1, 1)


def test_r29_two_operators_deliver_the_same_again_at_once() -> None:
    (delivery,) = parked("raise@echo")
    operations = together(*[partial(ask, "redeliver", delivery)] * 4)
    came_of_it = Counter(outcome for operation in operations for outcome in outcomes(operation))
    assert came_of_it.pop("released") == 1
    assert came_of_it.keys() <= {"already_running", "already_due"}
    assert len(relay()) == 1


def test_r29_a_relay_claims_a_retry_at_the_moment_in_which_an_operator_wants_it_now() -> None:
    (delivery,) = failing("raise@echo")
    Delivery.objects.update(due_at=F("due_at") - timedelta(hours=1))
    operation, messages = together(partial(ask, "redeliver", delivery), relay)
    assert outcomes(operation)[0] in ("already_running", "already_due")
    messages = messages or relay()  # where the operator's lock was in its way, it comes again
    delivery.refresh_from_db()
    assert (delivery.state, delivery.dispatch_id) == ("dispatched", messages[0].dispatch)


def test_r30_many_are_tried_again_during_an_outage(stage: Stage) -> None:
    outage = {"on": True}

    def scene(point: str, order_id: UUID) -> None:
        if point == "echo" and outage["on"]:
            raise AskedTo("away")

    note = stage("outage", scene)
    chosen, others = parked(*[note] * 6), parked(*[note] * 2)
    too_early = ask("redeliver", *chosen, canary=True, rate=2)
    again()
    assert verified(too_early) == ["failed_again", *["stopped"] * 5]
    outage["on"] = False
    operation = ask("redeliver", *chosen[1:], canary=True, rate=2)
    again()
    four_relays_advance_a_second_later()
    assert Counter(outcomes(operation)) == {"succeeded": 1, "released": 2, "planned": 2}
    four_relays_advance_a_second_later()
    again()
    assert verified(operation) == ["succeeded"] * 5
    assert {effects(delivery.order_id) for delivery in chosen[1:]} == {1}
    assert [state(delivery) for delivery in others] == ["parked", "parked"]


def four_relays_advance_a_second_later() -> None:
    """The rate is theirs together."""
    Operation.objects.update(released_at=F("released_at") - timedelta(seconds=1))
    together(*[advance] * 4)
