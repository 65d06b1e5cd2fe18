"""Races for stock: the last unit, all or nothing, and a cancellation that meets the reservation."""

from __future__ import annotations

import pytest

from inventory.events import StockReservationFailed
from orders.models import Order, Product
from orders.services import place_order
from outbox.testing import published
from tests.domain.journeys import IN_STOCK, address, bring_to_the_end, cancel, happened, held_up, order, status, stock
from tests.races.meeting import (
    ROUNDS,
    assert_cancelled,
    assert_nothing_open,
    assert_shipped,
    meet,
    one_at_a_time,
    one_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

RESERVE, RELEASE = "inventory.reserve_stock", "inventory.release_stock"


def test_r01_two_orders_want_the_last_units() -> None:
    for _ in range(ROUNDS):
        order_ids = [order(quantity=IN_STOCK), order(quantity=IN_STOCK)]
        one_at_a_time(RESERVE)
        meet(RESERVE, RESERVE)
        decided = sorted(one_of(order_id, "StockReserved", "StockReservationFailed") for order_id in order_ids)
        assert (decided, stock()) == (["StockReservationFailed", "StockReserved"], (IN_STOCK, IN_STOCK))
        bring_to_the_end()
        assert stock() == (0, 0)
    assert sorted(Order.objects.values_list("status", flat=True)) == ["cancelled"] * ROUNDS + ["shipped"] * ROUNDS


def test_r02_one_line_of_two_is_short() -> None:
    order_id = order()
    Product.objects.create(sku="TEA", name="Green tea", unit_price=999)
    Product.objects.create(sku="POT", name="Old pot", unit_price=500)
    customer = Order.objects.get(pk=order_id).customer
    lines = [("MUG", 1), ("TEA", 1), ("POT", 2)]
    short = place_order(customer=customer, lines=lines, payment_method="pm_card_ok", ship_to=address()).pk
    one_at_a_time(RESERVE)
    meet(RESERVE, RESERVE)
    assert stock() == (IN_STOCK, 2)  # what the other order holds
    (failed,) = published("inventory.StockReservationFailed", order_id=short)
    assert isinstance(failed, StockReservationFailed)
    assert [shortage.sku for shortage in failed.shortages] == ["TEA", "POT"]
    assert_shipped(order_id)
    assert status(short) == "cancelled"


def test_r03_cancel_while_stock_is_being_reserved() -> None:
    for _ in range(ROUNDS):
        order_id = order()
        with held_up(RESERVE, RELEASE):
            cancel(order_id)
        meet(RESERVE, RELEASE)
        assert_cancelled(order_id)
        assert "PaymentCaptured" not in happened(order_id)


def test_r07_cancelled_reaches_each_app_together_with_placed() -> None:
    placed = RESERVE, "payments.capture_payment", "shipping.buy_label"
    cancelled = RELEASE, "payments.close_payment", "shipping.stop_shipment"
    for _ in range(ROUNDS):
        order_id = order()
        with held_up(*placed, *cancelled):
            cancel(order_id)
        meet(*placed, *cancelled)
        assert_cancelled(order_id)
        assert happened(order_id) >= {"StockReleased", "PaymentVoided", "ShipmentStopped"}
        assert not happened(order_id) & {"PaymentCaptured", "OrderShipped"}


@pytest.mark.parametrize("quantity", [1, IN_STOCK + 1], ids=["not reserved yet", "refused"])
def test_r17_cancel_when_nothing_was_held(quantity: int) -> None:
    other = order()
    with held_up("shipping.buy_label"):
        assert stock() == (IN_STOCK, 2)
        with held_up(RESERVE, "orders.cancel_refused"):
            order_id = order(quantity=quantity)
            cancel(order_id)
        assert stock() == (IN_STOCK, 2)
    bring_to_the_end()
    assert stock() == (IN_STOCK - 2, 0)
    assert "OrderShipped" in happened(other)
    assert "OrderCancelled" in happened(order_id)
    assert_nothing_open()
