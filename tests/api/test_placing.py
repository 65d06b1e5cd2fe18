"""POST /api/v1/orders when all is well, and when the price list says no."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from outbox.models import Event
from tests.api.conftest import Body, Place, post_order

pytestmark = pytest.mark.django_db


def test_an_order_is_placed_at_the_prices_of_the_list(place: Place) -> None:
    response = place()
    assert response.status_code == 201
    shown = response.json()
    assert UUID(shown["id"]).version == 7
    assert response["Location"] == shown["links"]["self"] == f"/api/v1/orders/{shown['id']}"
    assert shown["links"]["events"] == f"/api/v1/orders/{shown['id']}/events"
    assert shown["status"] == "placed"
    assert shown["total"] == {"amount": 3499, "currency": "EUR"}
    assert shown["lines"][0] == {
        "sku": "MUG-BLUE",
        "name": "Blue mug",
        "quantity": 2,
        "unit_price": {"amount": 1250, "currency": "EUR"},
        "total": {"amount": 2500, "currency": "EUR"},
    }
    assert shown["number"].startswith("ORD-")
    assert datetime.fromisoformat(shown["placed_at"]).tzinfo is not None


def test_the_address_is_kept_and_shown_as_it_was_sent(place: Place, body: Body) -> None:
    body["ship_to"]["recipient"] = "\u202eecilA\u202c \u200b Zoë 🐦 <b>"
    assert place(body).json()["ship_to"] == body["ship_to"]


def test_the_event_is_caused_by_the_request_and_its_user(api: Client, price_list: None, body: Body) -> None:
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    headers = {"Idempotency-Key": "k", "X-Request-ID": "call-7", "traceparent": traceparent}
    response = api.post("/api/v1/orders", body, content_type="application/json", headers=headers)
    event = Event.objects.get(order_id=response.json()["id"], name="orders.OrderPlaced")
    assert (event.cause_kind, event.cause_id) == ("request", "call-7")
    assert (event.producer, event.actor) == ("POST /api/v1/orders", "user:ada")
    assert event.traceparent == traceparent
    assert response["X-Request-ID"] == "call-7"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\u00e9"])
def test_a_request_id_that_is_not_sane_is_replaced(api: Client, given: str) -> None:
    response = api.get("/api/v1/orders", headers={"X-Request-ID": given})
    assert UUID(response["X-Request-ID"])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"sku": "NO-SUCH", "quantity": 1}, "unknown-sku"),
        ({"sku": "OLD-POT", "quantity": 1}, "inactive-sku"),
        ({"sku": "US-MUG", "quantity": 1}, "currency-mismatch"),
        ({"sku": "CASTLE", "quantity": 999}, "total-too-large"),
    ],
)
def test_what_the_price_list_refuses_is_422_and_leaves_nothing(
    place: Place, body: Body, line: dict[str, object], code: str
) -> None:
    body["lines"].append(line)
    response = place(body, key="same")
    assert (response.status_code, response.json()["code"]) == (422, code)
    if code.endswith("-sku"):
        assert [fault["pointer"] for fault in response.json()["errors"]] == ["/lines/2/sku"]
    assert not Order.objects.exists()
    assert not Event.objects.exists()
    body["lines"].pop()
    assert place(body, key="same").status_code == 201  # a refusal does not use up the key


@pytest.mark.django_db(transaction=True)
def test_placing_takes_this_many_statements(api: Client, price_list: None, body: Body) -> None:
    post_order(api, body, "warm-up")
    body["lines"] = [{"sku": "TEA-GREEN", "quantity": 3}]
    with CaptureQueriesContext(connection) as captured:
        assert post_order(api, body, "measured").status_code == 201
    statements = [query["sql"].split()[0] for query in captured.captured_queries]
    assert statements == [
        "SELECT",  # the token and its user
        "BEGIN",
        "INSERT",  # the key
        "SELECT",  # the products
        "WITH",  # order and lines
        "WITH",  # event and pending mark
        "SELECT",  # the lines, as they are now kept
        "UPDATE",  # the answer, kept with the key
        "COMMIT",
        "NOTIFY",
    ]
