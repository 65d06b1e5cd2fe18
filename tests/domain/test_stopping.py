"""Stopping a shipment: shipping alone decides whether it is too late, and a stopped shipment never leaves."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from outbox import Ignored, NotReadyYet
from shipping.events import OrderShipped, ShipmentStopped, ShipmentStopRefused
from shipping.models import ImpossibleTransition, Shipment
from shipping.reactions import decide_cancellation, stop_shipment
from shipping.services.stopping import PATIENCE
from tests.domain.feeding import feed
from tests.domain.test_shipping import UNDELIVERABLE, being_bought, bought, cancelled, paid, placed, prepare, wanted

pytestmark = pytest.mark.django_db


class TestDecidingOnACancellation:
    def test_of_an_order_not_heard_of_it_is_remembered(self) -> None:
        order_id = uuid4()
        assert feed(decide_cancellation, wanted(order_id)) == [ShipmentStopped(order_id=order_id, stage="none")]
        for event in (placed, paid):
            assert prepare(event(order_id)) == [Ignored(order_id, "the shipment is already stopped")]

    @pytest.mark.parametrize("known", [placed, paid])
    def test_stops_a_draft(self, known: type) -> None:
        order_id = uuid4()
        prepare(known(order_id))
        assert feed(decide_cancellation, wanted(order_id)) == [ShipmentStopped(order_id=order_id, stage="draft")]

    def test_twice_changes_nothing(self) -> None:
        order_id = uuid4()
        feed(decide_cancellation, wanted(order_id))
        assert feed(decide_cancellation, wanted(order_id)) == [Ignored(order_id, "the shipment is already stopped")]
        assert feed(stop_shipment, cancelled(order_id)) == [Ignored(order_id, "already closed by ShipmentStopped")]

    def test_waits_while_the_label_is_being_bought(self) -> None:
        intent = being_bought()
        assert feed(decide_cancellation, wanted(intent.order_id)) == [
            NotReadyYet(intent.order_id, "the label is being bought")
        ]
        assert isinstance(bought(intent), OrderShipped)

    def test_refuses_when_the_carrier_takes_too_long_to_answer(self) -> None:
        intent = being_bought()
        Shipment.objects.update(state_since=Now() - PATIENCE - timedelta(seconds=1))
        assert feed(decide_cancellation, wanted(intent.order_id)) == [
            ShipmentStopRefused(order_id=intent.order_id, reason="label_being_bought", shipped_at=None)
        ]
        assert feed(decide_cancellation, wanted(intent.order_id)) == [Ignored(intent.order_id, "already refused")]
        assert isinstance(bought(intent), OrderShipped)

    def test_refuses_once_shipped_and_says_so_once(self) -> None:
        intent = being_bought()
        answer = bought(intent)
        assert isinstance(answer, OrderShipped)
        assert feed(decide_cancellation, wanted(intent.order_id)) == [
            ShipmentStopRefused(order_id=intent.order_id, reason="shipped", shipped_at=answer.shipped_at)
        ]
        assert feed(decide_cancellation, wanted(intent.order_id)) == [Ignored(intent.order_id, "already refused")]

    def test_has_nothing_to_decide_when_the_carrier_has_refused(self) -> None:
        intent = being_bought(UNDELIVERABLE)
        bought(intent)
        assert feed(decide_cancellation, wanted(intent.order_id)) == [
            Ignored(intent.order_id, "the shipment is already failed")
        ]


class TestStoppingTheCancelled:
    def test_of_an_order_not_heard_of_is_remembered(self) -> None:
        order_id = uuid4()
        assert feed(stop_shipment, cancelled(order_id)) == [ShipmentStopped(order_id=order_id, stage="none")]
        for event in (placed, paid):
            assert prepare(event(order_id)) == [Ignored(order_id, "the shipment is already stopped")]

    @pytest.mark.parametrize("known", [placed, paid])
    def test_of_a_draft(self, known: type) -> None:
        order_id = uuid4()
        prepare(known(order_id))
        assert feed(stop_shipment, cancelled(order_id)) == [ShipmentStopped(order_id=order_id, stage="draft")]

    def test_twice_changes_nothing(self) -> None:
        order_id = uuid4()
        feed(stop_shipment, cancelled(order_id))
        assert feed(stop_shipment, cancelled(order_id)) == [Ignored(order_id, "already closed by ShipmentStopped")]

    def test_what_the_carrier_refused_is_closed_already(self) -> None:
        intent = being_bought(UNDELIVERABLE)
        bought(intent)
        closed = Ignored(intent.order_id, "already closed by ShipmentFailed")
        assert feed(stop_shipment, cancelled(intent.order_id)) == [closed]

    def test_comes_too_late_once_shipped(self) -> None:
        intent = being_bought()
        bought(intent)
        assert feed(stop_shipment, cancelled(intent.order_id)) == [Ignored(intent.order_id, "already shipped")]

    def test_a_shipment_takes_only_the_steps_of_its_table(self) -> None:
        with pytest.raises(ImpossibleTransition):
            Shipment(order_id=uuid4(), state="shipped").become(Shipment.State.STOPPED)
