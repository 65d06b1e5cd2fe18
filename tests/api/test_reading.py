"""GET /api/v1/orders, /orders/{id} and /orders/{id}/events."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.events import OrderCancelled
from orders.models import Order
from outbox import publish
from tests.admin.rows import an_event
from tests.api.conftest import Place, staff

pytestmark = pytest.mark.django_db


def test_an_order_is_shown_as_it_was_answered_with_what_is_still_to_come(api: Client, place: Place) -> None:
    placed = place()
    shown = api.get(placed["Location"]).json()
    assert shown.pop("expected_next")
    assert shown == placed.json()


@pytest.mark.parametrize("suffix", ["", "/events"])
def test_another_users_order_is_not_found(place: Place, stranger: Client, suffix: str) -> None:
    response = stranger.get(place()["Location"] + suffix)
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "id", [str(UUID(int=1)), "1" * 31, "../admin", "%00", "%2e%2e", "42", "undefined", "0" * 4000, "\u202e"]
)
@pytest.mark.parametrize("suffix", ["", "/events"])
def test_what_is_no_order_is_not_found(api: Client, id: str, suffix: str) -> None:
    response = api.get(f"/api/v1/orders/{id}{suffix}")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_orders_are_paged_newest_first_and_back_again(api: Client, place: Place) -> None:
    placed = [place().json()["id"] for _ in range(5)][::-1]
    pages = [api.get("/api/v1/orders?page_size=2").json()]
    while pages[-1]["next"]:
        pages.append(api.get(pages[-1]["next"]).json())
    assert [ids(page) for page in pages] == [placed[:2], placed[2:4], placed[4:]]
    back = api.get(pages[-1]["previous"]).json()
    assert ids(back) == placed[2:4]
    first = api.get(back["previous"]).json()
    assert (ids(first), first["previous"]) == (placed[:2], None)


def test_orders_of_the_same_moment_are_neither_skipped_nor_repeated(api: Client, place: Place) -> None:
    placed = {place().json()["id"] for _ in range(4)}
    Order.objects.update(placed_at=Order.objects.earliest("placed_at").placed_at)
    page, seen = api.get("/api/v1/orders?page_size=1").json(), []
    while page["next"]:
        seen += ids(page)
        page = api.get(page["next"]).json()
    assert sorted(seen + ids(page)) == sorted(placed)


def test_the_link_header_leads_on(api: Client, place: Place) -> None:
    place(), place()
    response = api.get("/api/v1/orders?page_size=1")
    assert response["Link"] == f'<{response.json()["next"]}>; rel="next"'


def test_somebody_elses_orders_are_not_listed(place: Place, stranger: Client) -> None:
    place()
    assert stranger.get("/api/v1/orders").json() == {"data": [], "next": None, "previous": None}


def test_a_page_takes_as_many_statements_as_any_other(api: Client, place: Place) -> None:
    for _ in range(4):
        place()
    with CaptureQueriesContext(connection) as captured:
        api.get("/api/v1/orders")
    assert len(captured) == 3  # the token, the orders, their lines


def test_a_page_for_staff_takes_as_many_whatever_is_owed(place: Place) -> None:
    sue = staff("sue", "orders.view_order")
    taken = set()
    for orders in (1, 8):
        for _ in range(orders):
            refused = {"refund_id": str(uuid4()), "amount": {"amount": 1, "currency": "EUR"}}
            an_event("payments.PartialRefundFailed", order_id=UUID(place().json()["id"]), payload=refused)
        for query in ("", "?attention=money_owed"):
            sue.get(f"/api/v1/orders{query}")  # what is cached for the process (content types) is not the page's
            with CaptureQueriesContext(connection) as captured:
                found = sue.get(f"/api/v1/orders{query}").json()["data"]
            assert {*(tuple(order["for_staff"]["attention"]) for order in found)} == {("money_owed",)}
            taken.add((query, len(captured)))
    assert len(taken) == 2


@pytest.mark.parametrize(
    "query",
    [
        "page_size=0", "page_size=101", "page_size=-1", "page_size=abc", "page_size=1e1", "page_size=",
        "page_size=%D9%A3", "page_size=1000000", "cursor=", "cursor=abc", "cursor=%00", "cursor=W10",
        "cursor=eyJhIjoxfQ", "cursor=%F0%9F%90%A6",
        "cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIixmYWxzZV0",
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_400(api: Client, query: str) -> None:
    response = api.get(f"/api/v1/orders?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-parameter")


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-01-01T00:00:00+23:59", 200),
        ("2026-01-01T00:00:00-23:59", 200),
        ("0001-01-01T00:00:00+23:59", 400),
        ("9999-12-31T23:59:59-23:59", 400),
    ],
)
def test_the_moment_of_a_cursor_may_have_any_offset(api: Client, moment: str, status: int) -> None:
    cursor = base64.urlsafe_b64encode(f'["{moment}","{uuid4()}",false]'.encode()).decode().rstrip("=")
    assert api.get(f"/api/v1/orders?cursor={cursor}").status_code == status


@pytest.mark.parametrize("query", ["ordering=user__password", "status[]=", "_connector=OR", "note=a%00b", "format=xml"])
@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/inventory/skus"])
def test_a_parameter_that_does_not_exist_is_400(api: Client, path: str, query: str) -> None:
    response = api.get(f"{path}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-parameter")
    assert "There is no parameter" in response.json()["detail"]


@pytest.mark.django_db(transaction=True)
class TestEvents:
    def test_are_shown_in_order_and_without_internals(self, api: Client, place: Place) -> None:
        placed = place().json()
        with transaction.atomic():
            publish(OrderCancelled(order_id=placed["id"], reason="customer"))
        [first, second] = api.get(placed["links"]["events"]).json()["data"]
        assert (first["name"], second["name"]) == ("orders.OrderPlaced", "orders.OrderCancelled")
        assert first["position"] < second["position"]
        assert set(first["payload"]) == {"number", "lines", "total", "payment_method", "ship_to"}
        assert second["payload"] == {"reason": "customer"}

    def test_after_a_position_only_the_later_ones_are_shown(self, api: Client, place: Place) -> None:
        events = place().json()["links"]["events"]
        position = api.get(events).json()["data"][0]["position"]
        assert api.get(f"{events}?after={position}").json() == {"data": []}
        assert len(api.get(f"{events}?after={position - 1}").json()["data"]) == 1

    @pytest.mark.parametrize("after", ["-1", "x", "", "9" * 19, "9" * 40, "1.0"])
    def test_after_what_is_no_position_is_400(self, api: Client, place: Place, after: str) -> None:
        response = api.get(f"{place().json()['links']['events']}?after={after}")
        assert (response.status_code, response.json()["code"]) == (400, "invalid-parameter")


def ids(page: Any) -> list[str]:
    return [order["id"] for order in page["data"]]
