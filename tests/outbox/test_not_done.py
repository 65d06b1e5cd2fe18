"""NotDone: a call that certainly had no effect leaves no doubt, and takes none away."""

from __future__ import annotations

from uuid import UUID

import pytest

from outbox import NotDone
from outbox.conf import Conf
from outbox.models import Attempt, Delivery
from tests.outbox.conftest import Stage
from tests.outbox.rings import again, calls, delivery_of, run
from tests.toy.scenes import Scene

EFFECT = "toy.ring_far_end"


def raising(points: list[str], at: str, *errors: Exception | None) -> Scene:
    """A scene that notes every point, and raises one error after the other each time that it comes to this one."""
    left = list(errors)

    def scene(point: str, order_id: UUID) -> None:
        points.append(point)
        if point == at and left and (error := left.pop(0)) is not None:
            raise error

    return scene


def refused() -> NotDone:
    return NotDone("connection refused")


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestTheFirstCallWasNotDone:
    def test_so_it_is_made_again_without_asking(self, stage: Stage) -> None:
        points: list[str] = []
        (delivery,) = run(stage("refused", raising(points, "before call", refused())))
        assert (delivery.state, delivery.attempts, delivery.called_at) == ("waiting", 1, None)
        assert Attempt.objects.get().exception == "NotDone"
        again()
        assert points == ["prepare", "before call", "prepare", "before call", "after call", "record"]
        assert (delivery_of(delivery.order_id, EFFECT).state, calls(delivery.order_id)) == ("done", 1)

    def test_nor_is_anybody_asked_after_several_such_calls(self, stage: Stage) -> None:
        points: list[str] = []
        (delivery,) = run(stage("refused", raising(points, "before call", *[refused()] * 3)))
        again(3)
        assert (points.count("before call"), points.count("look up")) == (4, 0)
        assert delivery_of(delivery.order_id, EFFECT).state == "done"

    def test_which_says_nothing_about_its_neighbour(self, stage: Stage) -> None:
        certain = stage("certain", raising([], "before call", refused()))
        doubtful = stage("doubtful", raising([], "before call", ConnectionError("reset")))
        deliveries = run(certain, doubtful)
        assert [(d.state, d.called_at is None) for d in deliveries] == [("waiting", True), ("waiting", False)]


@pytest.mark.django_db
@pytest.mark.usefixtures("postcard_alone")
class TestTheFirstCallWasNotDoneAndNobodyCanBeAsked:
    def test_so_it_is_made_again_all_the_same(self, stage: Stage) -> None:
        (delivery,) = run(stage("refused", raising([], "before call", refused())))
        again()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, calls(delivery.order_id, "SendPostcard")) == ("done", 1, 1)

    def test_until_the_last_attempt_whose_words_leave_no_doubt(self, stage: Stage) -> None:
        (delivery,) = run(stage("refused", raising([], "before call", *[refused()] * 100)))
        again(Conf.effect_max_attempts + 1)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.called_at) == ("parked", None)
        assert delivery.outcome == f"NotDone: connection refused (after {Conf.effect_max_attempts} attempts)"

    def test_but_a_doubt_that_follows_parks_it(self, stage: Stage) -> None:
        (delivery,) = run(stage("both", raising([], "before call", refused(), ConnectionError("reset"))))
        again(2)
        delivery.refresh_from_db()
        assert (delivery.state, calls(delivery.order_id, "SendPostcard")) == ("parked", 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestAnEarlierDoubtStays:
    def test_when_a_later_call_was_not_done(self, stage: Stage) -> None:
        points: list[str] = []
        doubt_then_refusal = raising(points, "before call", ConnectionError("reset"), refused())
        (delivery,) = run(stage("first in doubt", doubt_then_refusal))
        again()
        self.assert_in_doubt(delivery, attempts=2)
        again()
        assert points[5:] == ["prepare", "look up", "before call", "after call", "record"]

    def test_when_nobody_could_be_asked(self, stage: Stage) -> None:
        points: list[str] = []
        lose_the_answer = raising(points, "after call", TimeoutError("no answer"))
        cannot_ask = raising([], "look up", refused())

        def act(point: str, order_id: UUID) -> None:
            lose_the_answer(point, order_id)
            cannot_ask(point, order_id)

        (delivery,) = run(stage("answer lost", act))
        again()
        self.assert_in_doubt(delivery, attempts=2)
        again()
        assert points[3:] == ["prepare", "look up", "prepare", "look up", "record"]
        assert (delivery_of(delivery.order_id, EFFECT).state, calls(delivery.order_id)) == ("done", 1)

    def assert_in_doubt(self, delivery: Delivery, *, attempts: int) -> None:
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == ("waiting", attempts)
        assert delivery.called_at is not None
