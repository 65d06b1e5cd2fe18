"""Failures by their cause: counted when they are recorded, and told apart by reaction, exception and place."""

from __future__ import annotations

from functools import partial

import pytest

from outbox.models import Delivery, FailureGroup, FailureHour
from outbox.operations.progress import advance
from tests.operations.asking import ask, parked
from tests.operations.conftest import Only, Stage
from tests.outbox.rings import again, dispatched, relay, ring, run, work
from tests.outbox.threads import together
from tests.races.meeting import one_at_a_time

pytestmark = pytest.mark.django_db


def the_group() -> FailureGroup:
    return FailureGroup.objects.get()


class TestAFailure:
    def test_is_counted_in_the_group_of_its_cause(self, only: Only) -> None:
        only("toy.echo")
        (delivery,) = run("raise@echo")
        group = the_group()
        assert (group.reaction_id, group.exception, group.frame) == (
            "toy.echo",
            "AskedTo",
            "tests.toy.scenes.act_out",
        )
        assert (group.failures, group.last_delivery_id, delivery.failure_group_id) == (1, delivery.pk, group.pk)
        again()
        assert the_group().failures == 2
        assert FailureHour.objects.get().failures == 2

    def test_of_another_exception_or_place_is_another_group(self, only: Only, stage: Stage) -> None:
        only("toy.echo")

        def elsewhere(point: str, order_id: object) -> None:
            raise KeyError(point)

        run("raise@echo", "silence", stage("elsewhere", elsewhere))
        found = set(FailureGroup.objects.values_list("exception", flat=True))
        assert found == {"AskedTo", "ContractBroken", "KeyError"}

    def test_of_another_reaction_is_another_group(self, only: Only) -> None:
        only("toy.ring_far_end", "toy.send_postcard")
        ring("raise@prepare")
        for message in relay():
            work(message)
        assert sorted(FailureGroup.objects.values_list("reaction_id", flat=True)) == [
            "toy.ring_far_end",
            "toy.send_postcard",
        ]

    def test_that_nobody_can_ask_about_has_a_group_as_well(self, only: Only) -> None:
        only("toy.send_postcard")
        _, message = dispatched("raise@after call", "raise@after call")
        work(message)
        again()
        group = FailureGroup.objects.get(exception="may have been done")
        assert group.failures == Delivery.objects.filter(failure_group=group, state="parked").count() == 2


@pytest.mark.django_db(transaction=True)
def test_failures_of_one_cause_at_once_are_all_counted(only: Only) -> None:
    only("toy.echo")
    one_at_a_time("toy.echo")
    messages = [dispatched("raise@echo")[1] for _ in range(2)]
    together(*[partial(work, message) for message in messages])
    assert the_group().failures == FailureHour.objects.get().failures == 2


class TestAGroup:
    @pytest.fixture(autouse=True)
    def echo_alone(self, only: Only) -> None:
        only("toy.echo")

    def test_is_fixed_when_an_operation_has_brought_the_last_of_it_through(self, stage: Stage) -> None:
        gate = {"on": True}

        def scene(point: str, order_id: object) -> None:
            if point == "echo" and gate["on"]:
                raise RuntimeError("not yet")

        first, second = parked(*[stage("outage", scene)] * 2)
        gate["on"] = False
        ask("redeliver", first)
        again()
        advance()
        assert the_group().fixed_at is None
        ask("redeliver", second)
        again()
        advance()
        fixed_at = the_group().fixed_at
        assert fixed_at is not None
        gate["on"] = True
        run("outage")
        assert the_group().last_seen > fixed_at

    def test_is_not_fixed_by_skipping(self) -> None:
        ask("skip", *parked("raise@echo"))
        advance()
        assert the_group().fixed_at is None
