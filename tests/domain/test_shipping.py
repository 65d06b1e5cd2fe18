"""Shipping: a paid order with an address is shipped once; a cancelled one never."""

from __future__ import annotations

import itertools
from uuid import UUID, uuid4

import pytest

from outbox import Ignored, Waiting
from shipping.events import OrderShipped, ShipmentStopped, ShippedLine
from shipping.models import ImpossibleTransition, Shipment
from shipping.reactions import ship_order, stop_shipment
from shipping.readers import Address, LineToShip, OrderCancelled, OrderPlaced, PaymentCaptured
from tests.domain.feeding import feed, statements

ADDRESS = Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB", postal_code="N1")


def placed(order_id: UUID) -> OrderPlaced:
    return OrderPlaced(order_id=order_id, lines=(LineToShip(sku="MUG", quantity=2),), ship_to=ADDRESS)


def paid(order_id: UUID) -> PaymentCaptured:
    return PaymentCaptured(order_id=order_id)


def cancelled(order_id: UUID) -> OrderCancelled:
    return OrderCancelled(order_id=order_id)


@pytest.mark.django_db
class TestShipping:
    def test_waits_for_the_payment_and_then_ships(self) -> None:
        order_id = uuid4()
        assert feed(ship_order, placed(order_id)) == [Waiting(order_id, "payments.PaymentCaptured")]
        (answer,) = feed(ship_order, paid(order_id))
        shipment = Shipment.objects.get(order_id=order_id)
        assert shipment.shipped_at is not None
        assert answer == OrderShipped(
            order_id=order_id,
            shipment_id=shipment.pk,
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            lines=(ShippedLine(sku="MUG", quantity=2),),
            shipped_at=shipment.shipped_at,
        )
        assert shipment.state == "shipped"
        assert shipment.tracking_number

    def test_waits_for_the_order_and_then_ships(self) -> None:
        order_id = uuid4()
        assert feed(ship_order, paid(order_id)) == [Waiting(order_id, "orders.OrderPlaced")]
        assert isinstance(feed(ship_order, placed(order_id))[0], OrderShipped)

    def test_any_order_of_arrival_and_any_repetition_ship_once(self) -> None:
        for arrival in itertools.product([placed, paid], repeat=4):
            order_id = uuid4()
            answers = [answer for event in arrival for answer in feed(ship_order, event(order_id))]
            shipped = [answer for answer in answers if isinstance(answer, OrderShipped)]
            assert len(shipped) == (len(set(arrival)) == 2)

    def test_each_parcel_has_its_own_number(self) -> None:
        order_ids = [uuid4() for _ in range(20)]
        feed(ship_order, *map(placed, order_ids))
        answers = feed(ship_order, *map(paid, order_ids))
        assert len({answer.tracking_number for answer in answers}) == 20


@pytest.mark.django_db
class TestStopping:
    def test_of_an_order_not_heard_of_is_remembered(self) -> None:
        order_id = uuid4()
        assert feed(stop_shipment, cancelled(order_id)) == [ShipmentStopped(order_id=order_id, stage="none")]
        for event in (placed, paid):
            assert feed(ship_order, event(order_id)) == [Ignored(order_id, "the shipment is already stopped")]

    @pytest.mark.parametrize("known", [placed, paid])
    def test_of_a_draft(self, known: type) -> None:
        order_id = uuid4()
        feed(ship_order, known(order_id))
        assert feed(stop_shipment, cancelled(order_id)) == [ShipmentStopped(order_id=order_id, stage="draft")]

    def test_twice_changes_nothing(self) -> None:
        order_id = uuid4()
        feed(stop_shipment, cancelled(order_id))
        assert feed(stop_shipment, cancelled(order_id)) == [Ignored(order_id, "already closed by ShipmentStopped")]

    def test_comes_too_late_once_shipped(self) -> None:
        order_id = uuid4()
        feed(ship_order, placed(order_id))
        feed(ship_order, paid(order_id))
        assert feed(stop_shipment, cancelled(order_id)) == [Ignored(order_id, "already shipped")]

    def test_a_shipment_takes_only_the_steps_of_its_table(self) -> None:
        with pytest.raises(ImpossibleTransition):
            Shipment(order_id=uuid4(), state="shipped").become(Shipment.State.STOPPED)


@pytest.mark.django_db
def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    counts = []
    for size in (1, 50):
        order_ids = [uuid4() for _ in range(size)]
        counts.append(
            [
                statements(ship_order, *map(placed, order_ids)),
                statements(ship_order, *map(paid, order_ids)),
                statements(stop_shipment, *(cancelled(uuid4()) for _ in range(size))),
            ]
        )
    assert counts == [[1, 2, 2]] * 2
