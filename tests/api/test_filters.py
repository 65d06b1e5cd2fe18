"""GET /api/v1/orders with filters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from orders.serializers.filtering import ATTENTION, FACETS
from orders.status import FOLDED, attention_of, payment_of, shipment_of, status_of, stock_of, values_of
from tests.api.conftest import Body, Place, staff

pytestmark = pytest.mark.django_db

HISTORIES: list[list[str]] = [
    [],
    ["inventory.StockReserved"],
    ["inventory.StockReserved", "payments.PaymentCaptured"],
    ["inventory.StockReserved", "payments.PaymentCaptured", "shipping.OrderShipped", "inventory.StockCommitted"],
    ["inventory.StockReservationFailed", "orders.OrderCancelled", "payments.PaymentVoided", "shipping.ShipmentStopped"],
    ["orders.OrderCancelled", "payments.PaymentCaptured", "payments.PaymentRefundFailed"],
    ["orders.OrderCancelled", "payments.LatePaymentReceived", "inventory.StockReleased"],
    ["shipping.OrderShipped", "orders.OrderCancelled", "payments.PaymentRefunded", "payments.PaymentRefundFailed"],
    ["payments.PaymentDeclined", "payments.PaymentExpired", "shipping.ShipmentFailed"],
]


@pytest.fixture
def orders(place: Place) -> list[Order]:
    """Orders that have seen one history each."""
    placed = [Order.objects.get(pk=place().json()["id"]) for _ in HISTORIES]
    for order, seen in zip(placed, HISTORIES, strict=True):
        assert set(seen) <= set(FOLDED)
        order.seen, order.status = sorted(seen), status_of(set(seen))
        order.save()
    return placed


def listed(client: Client, **parameters: Any) -> set[str]:
    response = client.get(f"/api/v1/orders?{urlencode(parameters, doseq=True)}")
    assert response.status_code == 200, response.content
    return {order["id"] for order in response.json()["data"]}


FOLDS = {"stock_status": stock_of, "payment_status": payment_of, "shipment_status": shipment_of}


@pytest.mark.parametrize("name", FACETS)
def test_a_facet_is_asked_for_as_it_is_shown(api: Client, orders: list[Order], name: str) -> None:
    for value in values_of(FACETS[name]):
        shown = {str(order.pk) for order in orders if FOLDS[name](set(order.seen)) == value}
        assert listed(api, **{name: value}) == shown


def test_several_values_of_one_filter_add_up_and_several_filters_narrow_down(api: Client, orders: list[Order]) -> None:
    both = {str(order.pk) for order in orders if order.status in ("placed", "reserved")}
    assert listed(api, status=["placed", "reserved"]) == listed(api, status="placed,reserved") == both
    assert listed(api, status=["placed", "reserved"], stock_status="reserved") == listed(api, status="reserved")


def test_staff_finds_what_needs_attention(orders: list[Order]) -> None:
    support = staff("sue", "orders.view_order")
    for reason in ATTENTION[:-1]:
        wanted = {str(order.pk) for order in orders if reason in attention_of(set(order.seen))}
        assert wanted
        assert listed(support, attention=reason) == wanted
    assert listed(support, attention="book_open") == set()
    Order.objects.filter(status="cancelling").update(status_since=orders[0].placed_at - timedelta(minutes=6))
    assert listed(support, attention="book_open") == {str(o.pk) for o in orders if o.status == "cancelling"}


def test_staff_finds_the_orders_of_a_customer(orders: list[Order]) -> None:
    support = staff("sue", "orders.view_order")
    assert len(listed(support, customer=orders[0].customer_id)) == len(orders)
    assert listed(support, customer=orders[0].customer_id + 1) == set()


def test_a_span_of_time_has_its_beginning_and_not_its_end(api: Client, orders: list[Order]) -> None:
    first, second, third = (order.placed_at.isoformat() for order in orders[:3])
    assert listed(api, placed_after=first, placed_before=third) == {str(order.pk) for order in orders[:2]}
    assert listed(api, placed_after=second, placed_before=second) == set()


def test_orders_are_found_by_sku_and_by_number(api: Client, place: Place, body: Body) -> None:
    body["lines"] = [{"sku": "TEA-GREEN", "quantity": 1}]
    tea, both = place(body).json(), place().json()
    assert listed(api, sku="MUG-BLUE") == {both["id"]}
    assert listed(api, sku="TEA-GREEN") == {tea["id"], both["id"]}
    assert listed(api, sku="NOTHING") == set()
    assert listed(api, number=tea["number"]) == {tea["id"]}


def test_the_links_of_a_page_keep_the_filters(api: Client, orders: list[Order]) -> None:
    page = api.get("/api/v1/orders?status=placed,reserved&page_size=1").json()
    found = page["data"]
    while page["next"]:
        page = api.get(page["next"]).json()
        found += page["data"]
    assert {order["id"] for order in found} == listed(api, status="placed,reserved")
    assert len(found) > 2


def test_filters_cost_no_statement(api: Client, orders: list[Order]) -> None:
    with CaptureQueriesContext(connection) as captured:
        listed(api, status="placed", payment_status=["captured", "none"], sku="MUG-BLUE")
    assert len(captured) == 3  # the token, the orders, their lines


@pytest.mark.parametrize(
    "query",
    [
        "status=lost", "status=", "status=placed,", "payment_status=x", "stock_status=%00", "shipment_status=a%00b",
        "placed_after=yesterday", "placed_after=2026-01-01", "placed_after=2026-01-01T00:00:00", "placed_before=",
        "placed_before=0001-01-01T00:00:00%2B23:59", "placed_after=9999-12-31T23:59:59-23:59", "sku=mug", "sku=%00",
        "sku=", "number=1", "number=%F0%9F%90%A6", "sku=MUG%0A",
    ],
)  # fmt: skip
def test_a_wrong_filter_is_400(api: Client, query: str) -> None:
    response = api.get(f"/api/v1/orders?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-parameter")


@pytest.mark.parametrize("query", ["customer=x", "customer=0", "customer=99999999999", "attention=none"])
def test_a_wrong_filter_of_staff_is_400(db: None, query: str) -> None:
    assert staff("sue", "orders.view_order").get(f"/api/v1/orders?{query}").status_code == 400
