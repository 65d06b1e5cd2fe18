"""Races for the parcel: shipped or cancelled, never both, and delivered whenever the carrier says so."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils.timezone import now

from orders.models import CancellationRequest
from orders.services import request_cancellation
from outbox.models import Delivery
from outbox.testing import make_due, published, run_until_quiet
from shipping.models import Shipment
from shipping.services import hear_of_delivery
from tests.domain.journeys import bring_to_the_end, cancel, happened, held_up, known_order, order, status
from tests.outbox.threads import together
from tests.races.meeting import ROUNDS, assert_cancelled, assert_nothing_open, assert_shipped, meet, one_of

pytestmark = pytest.mark.django_db(transaction=True)

BUY, DECIDE = "shipping.buy_label", "shipping.decide_cancellation"
CARRIER_IS_AWAY = "00001"


def test_r05_cancel_against_dispatch() -> None:
    for _ in range(ROUNDS):
        order_id = known_order()
        with held_up(BUY, DECIDE):
            cancel(order_id)
        meet(BUY, DECIDE)
        bring_to_the_end()
        if one_of(order_id, "OrderCancelled", "OrderShipped") == "OrderCancelled":
            assert_cancelled(order_id)
            assert "OrderCancellationRejected" not in happened(order_id)
        else:
            assert_shipped(order_id)
            assert "OrderCancellationRejected" in happened(order_id)


def test_r06_customer_and_staff_cancel_at_the_same_moment() -> None:
    for _ in range(ROUNDS):
        order_id = order()
        ask = partial(request_cancellation, order_id=order_id)
        both = [partial(ask, requested_by="customer"), partial(ask, requested_by="staff", reason="fraud")]
        assert {answer.pk for answer in together(*both, *both)} == {order_id}
        assert CancellationRequest.objects.filter(order_id=order_id).count() == 1
        assert_cancelled(order_id)
        for name in ("OrderCancellationRequested", "OrderCancelled"):
            assert len(published(f"orders.{name}", order_id=order_id)) == 1


def test_r09_captured_reaches_shipping_together_with_placed() -> None:
    for _ in range(ROUNDS):
        order_id = order()
        with held_up("shipping.buy_label"):
            pass
        meet("shipping.buy_label", "shipping.buy_label")
        assert_shipped(order_id)
        assert len(published("shipping.OrderShipped", order_id=order_id)) == 1


def test_r18_what_comes_after_the_end_is_recorded_and_changes_nothing() -> None:
    order_id = order()
    with held_up("payments.capture_payment", "payments.expire_payment"):
        cancel(order_id)
    bring_to_the_end()
    late = Delivery.objects.get(reaction_id="payments.capture_payment", event__name="inventory.StockReserved")
    assert (late.state, late.outcome) == ("ignored", "the payment is already voided")
    timer = Delivery.objects.get(reaction_id="payments.expire_payment")
    assert (timer.state, timer.outcome) == ("ignored", "the payment is already voided")
    assert_cancelled(order_id)


def test_r24_delivered_comes_before_or_beside_shipped() -> None:
    for number in range(ROUNDS):
        order_id = order(postal_code=CARRIER_IS_AWAY)
        run_until_quiet()
        shipment = Shipment.objects.get(order_id=order_id)
        assert shipment.state == "buying"
        report = partial(hear_of_delivery, carrier="sandbox", shipment_id=shipment.pk, delivered_at=now(), signed_by="")
        make_due()
        meet(BUY, beside=[partial(report, event_id=f"evt_{number}")])
        report(event_id=f"evt_{number}")
        bring_to_the_end()
        assert status(order_id) == "delivered"
        assert len(published("shipping.ShipmentDelivered", order_id=order_id)) == 1
        assert_nothing_open()
