"""The whole protocol, from the placed order to the last closing event, through the real engine."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core import mail

from inventory.models import Stock
from inventory.services import set_stock
from orders.events import Address, OrderCancelled
from orders.models import Order, Product
from orders.services import place_order
from outbox.models import Delivery
from outbox.testing import make_due, published, run_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB", postal_code="N1")
ROUNDS = 10
DECLINED = "pm_card_declined_insufficient_funds"


def place(*methods: str, quantity: int = 1) -> list[UUID]:
    """Places an order for each payment method, and lets everything happen."""
    customer = User.objects.create_user("ada", "ada@example.com")
    Product.objects.create(sku="MUG", name="Blue mug", unit_price=1_999)
    order_ids = [
        place_order(customer=customer, lines=[("MUG", quantity)], payment_method=method, ship_to=ADDRESS).pk
        for method in methods
    ]
    for _ in range(ROUNDS):
        run_until_quiet()
        if not Delivery.objects.filter(state="waiting").exists():
            return order_ids
        make_due()  # a mail that came before its address comes again
    raise AssertionError("some deliveries never find what they wait for")


def story(order_id: UUID) -> list[str]:
    return sorted(type(event).__name__ for event in published(order_id=order_id))


def stock() -> tuple[int, int]:
    row = Stock.objects.get(sku="MUG")
    return row.on_hand, row.reserved


def test_an_order_is_shipped() -> None:
    set_stock(levels={"MUG": 5})
    (order_id,) = place("pm_card_ok", quantity=2)
    assert story(order_id) == [
        "NotificationSent",
        "NotificationSent",
        "NotificationSent",
        "OrderPlaced",
        "OrderShipped",
        "PaymentCaptured",
        "StockCommitted",
        "StockReserved",
    ]
    assert Order.objects.get(pk=order_id).status == "shipped"
    assert stock() == (3, 0)
    assert [message.subject.partition("ORD")[0] for message in mail.outbox] == [
        "We have received your order ",
        "We have received your payment for the order ",
        "Your order ",
    ]


def test_an_order_that_is_out_of_stock_is_cancelled() -> None:
    set_stock(levels={"MUG": 1})
    (order_id,) = place("pm_card_ok", quantity=2)
    assert story(order_id) == [
        "NotificationSent",
        "NotificationSent",
        "OrderCancelled",
        "OrderPlaced",
        "PaymentVoided",
        "ShipmentStopped",
        "StockReservationFailed",
    ]
    assert Order.objects.get(pk=order_id).status == "cancelled"
    assert stock() == (1, 0)


def test_an_order_whose_payment_is_declined_is_cancelled() -> None:
    set_stock(levels={"MUG": 5})
    (order_id,) = place(DECLINED, quantity=2)
    assert story(order_id) == [
        "NotificationSent",
        "NotificationSent",
        "OrderCancelled",
        "OrderPlaced",
        "PaymentDeclined",
        "ShipmentStopped",
        "StockReleased",
        "StockReserved",
    ]
    (cancelled,) = (event for event in published(order_id=order_id) if isinstance(event, OrderCancelled))
    assert cancelled.reason == "declined"
    assert Order.objects.get(pk=order_id).status == "cancelled"
    assert stock() == (5, 0)


def test_many_orders_at_once_add_up() -> None:
    set_stock(levels={"MUG": 12})
    order_ids = place(*(["pm_card_ok", DECLINED] * 10))
    statuses = list(Order.objects.filter(pk__in=order_ids).order_by("pk").values_list("status", flat=True))
    assert set(statuses) == {"shipped", "cancelled"}
    assert stock() == (12 - statuses.count("shipped"), 0)
    assert not Delivery.objects.exclude(state__in=["done", "ignored"]).exists()
    assert not Delivery.objects.exclude(drift="").exists()
