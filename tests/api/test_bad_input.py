"""Whatever is sent to POST /api/v1/orders, the answer says what to mend, and is never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import Order
from tests.api.conftest import Body, client_of, order_body

pytestmark = pytest.mark.django_db

GOOD = json.dumps(order_body())
WITH_QUANTITY = GOOD.replace('"quantity": 2', '"quantity": %s')


def send(api: Client, raw: bytes | str, content_type: str = "application/json", **headers: str) -> Any:
    headers = {"Idempotency-Key": "k", **headers}
    return api.generic("POST", "/api/v1/orders", raw, content_type, headers=headers)


def refused(response: Any, status: int) -> Any:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response["X-Request-ID"]
    assert not Order.objects.exists()
    return problem


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(GOOD[:-1], id="truncated"),
        pytest.param(b'{"payment_method": "\xff"}', id="invalid UTF-8"),
        pytest.param(GOOD.encode("utf-16"), id="UTF-16"),
        pytest.param(GOOD.encode("utf-8-sig"), id="BOM"),
        pytest.param("[" * 60_000, id="arrays to the limit"),
        pytest.param('{"a":' * 12_000, id="objects to the limit"),
        pytest.param("[" * 30_000 + "]" * 30_000, id="deep but closed"),
        pytest.param(GOOD.replace('"quantity": 2', '"quantity": 2, "quantity": 999'), id="duplicate key"),
        pytest.param(GOOD.replace("Ada", r"\ud800"), id="lone surrogate in a value"),
        pytest.param(GOOD.replace("recipient", r"\udfff"), id="lone surrogate in a key"),
        pytest.param(GOOD.replace("Ada", "A\0da"), id="bare NUL"),
        pytest.param(WITH_QUANTITY % "NaN", id="NaN"),
        pytest.param(WITH_QUANTITY % "Infinity", id="Infinity"),
        pytest.param(WITH_QUANTITY % ("9" * 5000), id="5,000 digits"),
        pytest.param(f"{GOOD} {GOOD}", id="two texts"),
        pytest.param("'single'", id="not JSON at all"),
    ],
)
def test_what_is_not_json_is_400(api: Client, raw: bytes | str) -> None:
    assert refused(send(api, raw), 400)["code"] == "malformed-json"


@pytest.mark.parametrize(
    "quantity", ["0", "-3", "1.5", '"1"', "true", "null", "1.0", "1e2", "1e999", "1000", "2147483648", "9" * 31, "[]"]
)
def test_a_quantity_is_a_whole_number_from_1_to_999(api: Client, quantity: str) -> None:
    problem = refused(send(api, WITH_QUANTITY % quantity), 400)
    assert [fault["pointer"] for fault in problem["errors"]] == ["/lines/0/quantity"]


Change = Callable[[Body], Any]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        (lambda b: b.pop("lines"), "/lines", "required"),
        (lambda b: b["ship_to"].pop("country"), "/ship_to/country", "required"),
        (lambda b: b["lines"][1].pop("quantity"), "/lines/1/quantity", "required"),
        (lambda b: b.update(paid=True), "/paid", "unknown-field"),
        (lambda b: b.update(customer_id=1), "/customer_id", "unknown-field"),
        (lambda b: b["lines"][0].update(price=1), "/lines/0/price", "unknown-field"),
        (lambda b: b.update({"a/b~c": 1}), "/a~1b~0c", "unknown-field"),
        (lambda b: b.update({"\0": 1}), "/\0", "unknown-field"),
        (lambda b: b.update(lines=[]), "/lines", "invalid"),
        (lambda b: b.update(lines="MUG-BLUE"), "/lines", "invalid"),
        (lambda b: b.update(lines=[{"sku": f"A{n}", "quantity": 1} for n in range(101)]), "/lines", "invalid"),
        (lambda b: b["lines"][1].update(sku="MUG-BLUE"), "/lines/0/sku", "duplicate-sku"),
        (lambda b: b["lines"][1].update(sku="mug"), "/lines/1/sku", "invalid"),
        (lambda b: b["lines"][1].update(sku="MUG\n"), "/lines/1/sku", "invalid"),
        (lambda b: b["lines"][1].update(sku="A" * 65), "/lines/1/sku", "invalid"),
        (lambda b: b["lines"][1].update(sku="A\0"), "/lines/1/sku", "invalid"),
        (lambda b: b.update(payment_method="4242424242424242"), "/payment_method", "invalid"),
        (lambda b: b["ship_to"].update(recipient=""), "/ship_to/recipient", "invalid"),
        (lambda b: b["ship_to"].update(recipient=" \t"), "/ship_to/recipient", "invalid"),
        (lambda b: b["ship_to"].update(recipient="Ada\0"), "/ship_to/recipient", "invalid"),
        (lambda b: b["ship_to"].update(recipient="Ada\r\nBcc: eve@example.org"), "/ship_to/recipient", "invalid"),
        (lambda b: b["ship_to"].update(recipient="A" * 201), "/ship_to/recipient", "invalid"),
        (lambda b: b["ship_to"].update(lines=[]), "/ship_to/lines", "invalid"),
        (lambda b: b["ship_to"].update(lines=["a"] * 300), "/ship_to/lines", "invalid"),
        (lambda b: b["ship_to"].update(country="UK"), "/ship_to/country", "invalid"),
        (lambda b: b["ship_to"].update(country="gb"), "/ship_to/country", "invalid"),
        (lambda b: b["ship_to"].update(postal_code="1" * 21), "/ship_to/postal_code", "invalid"),
        (lambda b: b.update(ship_to=None), "/ship_to", "invalid"),
    ],
)
def test_a_body_of_the_wrong_shape_is_400_with_a_pointer(
    api: Client, body: Body, change: Change, pointer: str, code: str
) -> None:
    change(body)
    problem = refused(send(api, json.dumps(body)), 400)
    assert problem["code"] == "invalid-body"
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code)
    assert "regex" not in problem["errors"][0]["detail"]


@pytest.mark.parametrize("raw", ["null", "[]", '"x"', "5", "{}", ""])
def test_a_body_that_is_no_order_is_400(api: Client, raw: str) -> None:
    assert refused(send(api, raw), 400)["code"] == "invalid-body"


def test_a_body_above_the_limit_is_413_without_being_read(api: Client) -> None:
    refused(send(api, GOOD + " " * 65_536), 413)


@pytest.mark.parametrize(
    "content_type", ["text/xml", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_that_is_not_declared_as_json_is_415(api: Client, content_type: str) -> None:
    refused(send(api, GOOD, content_type), 415)


def test_an_answer_that_is_not_json_cannot_be_had(api: Client) -> None:
    refused(send(api, GOOD, Accept="application/xml"), 406)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
def test_other_methods_are_405_and_say_which_are_allowed(api: Client, method: str) -> None:
    response = api.generic(method, "/api/v1/orders")
    refused(response, 405)
    assert {"GET", "POST"} <= set(response["Allow"].split(", "))


def test_an_unknown_host_is_400(api: Client) -> None:
    refused(api.get("/api/v1/orders", headers={"Host": "evil.example"}), 400)


HOSTILE_IDS = [
    "1" * 31,
    "..%2Fadmin",
    "%00",
    "%2e%2e",
    "42",
    "undefined",
    "0" * 4000,
    "%E2%80%AE",
    "'",
    "%27%20OR%201=1",
]
ADDRESSES = [
    "orders/{}", "orders/{}/events", "orders/{}/events/stream", "orders/{}/cancellation", "payments/{}",
    "payments/{}/refunds", "shipments/{}", "inventory/skus/{}", "tokens/{}",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_names_nothing_is_404_wherever_it_stands(address: str, db: None) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "secret")
    client = client_of(root)
    method = "DELETE" if "tokens" in address else "POST" if "refunds" in address else "GET"
    for hostile in HOSTILE_IDS:
        path = f"/api/v1/{address.format(hostile)}"
        response = client.generic(method, path, headers={"Idempotency-Key": "k", "Accept": "*/*"})
        assert response.status_code == 404, (path, response.status_code)
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/orders", "/orders?status=placed&status=paid", "/inventory/skus", "/tokens", "/events", "/nothing"]
)
@pytest.mark.parametrize("junk", ["%00=1", "a=%00", "a[]=1", "a=%F0%9F%90%A6", "a=" + "x" * 10_000, "&&&==", "%ff=%fe"])
def test_junk_in_the_query_is_never_a_5xx(api: Client, path: str, junk: str) -> None:
    joint = "&" if "?" in path else "?"
    response = api.get(f"/api/v1{path}{joint}{junk}")
    assert response.status_code in (200, 400, 403, 404)


def test_text_is_kept_as_it_was_sent_and_json_cannot_be_broken_out_of(api: Client, price_list: None) -> None:
    body = order_body()
    body["ship_to"]["recipient"] = "</script><script>alert(1)</script>{{7*7}}=HYPERLINK('x')\u202e\u200b🐦"
    placed = send(api, json.dumps(body))
    assert placed.status_code == 201
    assert placed.json()["ship_to"]["recipient"] == body["ship_to"]["recipient"]
    assert placed["X-Content-Type-Options"] == "nosniff"


def test_a_broker_that_is_down_hinders_no_order(api: Client, price_list: None, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "amqp://guest:guest@127.0.0.1:1//"
    assert send(api, GOOD).status_code == 201
