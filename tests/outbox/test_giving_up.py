"""Giving up: a call that does not begin in time is given back; one that hangs is left behind."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from outbox.delivery import calling
from outbox.delivery.deliver import deliver
from outbox.models import Delivery
from outbox.reactions import Reaction, reactions
from tests.outbox.conftest import Stage
from tests.outbox.rings import again, calls, delivery_of, dispatched, states
from tests.outbox.threads import DEADLINE, elsewhere, eventually

EFFECT = "toy.ring_far_end"


@pytest.fixture(autouse=True)
def threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pools outlive a dispatch, and would outlive a test."""
    monkeypatch.setattr(calling, "_pools", {})


def effect(**differently: Any) -> Reaction:
    """The toy's effect with another width or timeout."""
    return replace(reactions()[EFFECT], **differently)


def slow_at_first(stage: Stage, points: list[tuple[UUID, str]]) -> str:
    """A note that keeps the first call waiting until all others have been given back."""

    def given_back() -> bool:
        return Delivery.objects.filter(state="dispatched").count() == 1

    def scene(point: str, order_id: UUID) -> None:
        points.append((order_id, point))
        if point == "before call" and [p for _, p in points].count(point) == 1:
            eventually(lambda: elsewhere(given_back))

    return stage("first", scene)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("far_end_alone")
class TestACallThatHasNotBegunInTime:
    def test_is_given_back_without_an_attempt_or_a_doubt_and_not_made(self, stage: Stage, settings: Settings) -> None:
        settings.OUTBOX = {**settings.OUTBOX, "patience": 0.0}
        points: list[tuple[UUID, str]] = []
        (first, *others), message = dispatched(*[slow_at_first(stage, points)] * 3)
        deliver(effect(width=1), message.dispatch)
        assert delivery_of(first, EFFECT).state == "done"
        given_back = [delivery_of(order, EFFECT) for order in others]
        assert [(d.state, d.attempts, d.called_at) for d in given_back] == [("waiting", 0, None)] * 2
        assert {order for order, point in points if point == "before call"} == {first}
        settings.OUTBOX = {**settings.OUTBOX, "patience": DEADLINE}
        again()
        assert [(delivery_of(o, EFFECT).state, calls(o)) for o in [first, *others]] == [("done", 1)] * 3
        assert "look up" not in {point for _, point in points}

    def test_keeps_the_doubt_that_an_earlier_call_has_left(self, stage: Stage, settings: Settings) -> None:
        settings.OUTBOX = {**settings.OUTBOX, "patience": 0.0}
        points: list[tuple[UUID, str]] = []
        (_, doubtful, other), message = dispatched(*[slow_at_first(stage, points)] * 3)
        Delivery.objects.filter(order_id=doubtful).update(called_at=Now())
        deliver(effect(width=1), message.dispatch)
        given_back = [delivery_of(order, EFFECT) for order in (doubtful, other)]
        assert [(d.state, d.called_at is None) for d in given_back] == [("waiting", False), ("waiting", True)]
        settings.OUTBOX = {**settings.OUTBOX, "patience": DEADLINE}
        again()
        assert [order for order, point in points if point == "look up"] == [doubtful]

    def test_is_not_made_either_when_the_worker_gives_up(self, stage: Stage) -> None:
        """As at the soft time limit: nobody would record it, and somebody else may be making it by then."""
        hanging, release = threading.Event(), threading.Event()

        def give_up(point: str, order_id: UUID) -> None:
            if point == "record":
                hanging.wait(DEADLINE)
                raise SystemExit

        def hang(point: str, order_id: UUID) -> None:
            if point == "before call":
                hanging.set()
                release.wait(DEADLINE)

        (_, hung, never), message = dispatched(stage("give up", give_up), stage("hang", hang), "")
        with pytest.raises(SystemExit):
            deliver(effect(width=1), message.dispatch)
        (pool,) = calling._pools.values()
        release.set()
        pool.submit(int).result(DEADLINE)  # its one thread is free again
        assert (calls(hung), calls(never)) == (1, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestCallsThatHang:
    def test_leave_their_threads_behind_and_no_later_dispatch_waits_for_them(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calling, "GRACE", 0.1)
        release = threading.Event()

        def hang(point: str, order_id: UUID) -> None:
            if point == "before call":
                release.wait(DEADLINE)

        try:
            (stuck,), message = dispatched(stage("hang", hang))
            deliver(effect(width=1, timeout=0.2), message.dispatch)
            (later, forbidden), message = dispatched("", "database in call")
            deliver(effect(width=1), message.dispatch)
            deliveries = [delivery_of(order, EFFECT) for order in (stuck, later, forbidden)]
            assert states(deliveries) == ["waiting", "done", "waiting"]
            attempts = [list(d.failed_attempts.values_list("exception", flat=True)) for d in deliveries]
            assert attempts == [["CallTimedOut"], [], ["DatabaseForbidden"]]
        finally:
            release.set()
