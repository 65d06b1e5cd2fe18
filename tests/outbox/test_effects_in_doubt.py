"""After a doubt an effect asks first; and with nobody to ask it leaves the decision to an operator."""

from __future__ import annotations

from uuid import UUID

import pytest

from outbox.delivery import effects as engine
from outbox.models import Delivery
from tests.outbox.conftest import Stage
from tests.outbox.rings import again, calls, delivery_of, effects, emitted, run
from tests.toy.scenes import failing_once

EFFECT = "toy.ring_far_end"


@pytest.mark.django_db
@pytest.mark.usefixtures("far_end_alone")
class TestADoubtWithSomebodyToAsk:
    def test_the_answer_was_lost_so_it_is_looked_up_and_not_called_again(self, stage: Stage) -> None:
        points: list[str] = []
        (delivery,) = run(stage("answer lost", failing_once("after call", points)))
        assert (delivery.state, delivery.attempts, delivery.called_at is not None) == ("waiting", 1, True)
        again()
        assert points == ["prepare", "before call", "after call", "prepare", "look up", "record"]
        assert (delivery_of(delivery.order_id, EFFECT).state, calls(delivery.order_id)) == ("done", 1)

    def test_the_call_was_lost_so_it_is_made_after_all(self, stage: Stage) -> None:
        points: list[str] = []
        (delivery,) = run(stage("call lost", failing_once("before call", points)))
        again()
        assert points[2:] == ["prepare", "look up", "before call", "after call", "record"]
        assert (delivery_of(delivery.order_id, EFFECT).state, calls(delivery.order_id)) == ("done", 1)

    def test_the_record_was_lost_so_it_is_looked_up_and_recorded_again(self, stage: Stage) -> None:
        points: list[str] = []
        (delivery,) = run(stage("record lost", failing_once("record", points)))
        again()
        assert points[4:] == ["prepare", "look up", "record"]
        assert (calls(delivery.order_id), effects(delivery.order_id, "RingFarEnd")) == (1, 1)
        assert len(emitted(delivery.order_id)) == 1

    def test_it_is_asked_before_every_later_call(self, stage: Stage) -> None:
        points: list[str] = []

        def never_there(point: str, order_id: UUID) -> None:
            points.append(point)
            if point == "before call":
                raise ConnectionError("away")

        run(stage("away", never_there))
        again(3)
        assert points.count("before call") == 4
        assert points.count("look up") == 3

    def test_a_look_up_that_fails_is_a_failed_attempt_and_no_call(self) -> None:
        (delivery,) = run("raise@look up")  # the first time nobody is asked
        assert delivery.state == "done"
        Delivery.objects.update(state="waiting")
        again()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, calls(delivery.order_id)) == ("waiting", 1, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("postcard_alone")
class TestADoubtWithNobodyToAsk:
    @pytest.mark.parametrize(("point", "sent"), [("before call", 0), ("after call", 1), ("record", 1)])
    def test_parks_the_delivery_and_never_calls_again(self, stage: Stage, point: str, sent: int) -> None:
        (delivery,) = run(stage("lost", failing_once(point, [])))
        assert (delivery.state, delivery.attempts) == ("waiting", 1)
        again(3)
        delivery.refresh_from_db()
        assert delivery.state == "parked"
        assert delivery.outcome == engine.MAYBE_DONE
        assert "may have been done" in delivery.outcome
        assert calls(delivery.order_id, "SendPostcard") == sent

    def test_before_the_first_call_there_is_no_doubt(self, stage: Stage) -> None:
        (delivery,) = run(stage("unprepared", failing_once("prepare", [])))
        again()
        delivery.refresh_from_db()
        assert (delivery.state, calls(delivery.order_id, "SendPostcard")) == ("done", 1)
