"""The header Idempotency-Key: repeated is answered once."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from api.models import IdempotencyKey
from orders.models import Order
from tests.api.conftest import Body, Place, post_order

pytestmark = pytest.mark.django_db


def test_a_repeated_request_is_answered_with_the_first_answer(place: Place) -> None:
    first = place(key="k")
    again = place(key="k")
    assert (again.status_code, again.content, again["Location"]) == (201, first.content, first["Location"])
    assert again["Content-Type"] == first["Content-Type"] == "application/json"
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Order.objects.count() == 1


def test_the_first_answer_stays_although_the_order_has_moved_on(place: Place) -> None:
    first = place(key="k")
    Order.objects.update(status="shipped")
    assert place(key="k").content == first.content


def test_order_of_keys_and_blanks_do_not_make_another_request(api: Client, place: Place, body: Body) -> None:
    place(body, key="k")
    spread = json.dumps(dict(reversed(body.items())), indent=4)
    again = api.generic("POST", "/api/v1/orders", spread, "application/json", headers={"Idempotency-Key": "k"})
    assert again["Idempotent-Replayed"] == "true"


def test_quoted_and_bare_are_the_same_key(place: Place) -> None:
    place(key="4f1c")
    assert place(key='"4f1c"')["Idempotent-Replayed"] == "true"


def test_a_key_used_with_another_body_is_422(place: Place, body: Body) -> None:
    place(key="k")
    body["lines"][0]["quantity"] = 3
    response = place(body, key="k")
    assert (response.status_code, response.json()["code"]) == (422, "key-reused")
    assert Order.objects.count() == 1


def test_another_users_key_is_another_key(place: Place, stranger: Client, body: Body) -> None:
    mine = place(body, key="k").json()["id"]
    theirs = post_order(stranger, body, "k")
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine


def test_a_missing_key_is_400(api: Client, price_list: None, body: Body) -> None:
    response = api.post("/api/v1/orders", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-missing")


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        '""',
        "x" * 256,
        f'"{"x" * 256}"',
        "a\0b",
        "sch\u00f6n",
        "one,two",
        '"one","two"',
        '"open',
        'a"b',
        "a b",
        r'"\x"',
    ],
)
def test_a_malformed_key_is_400(place: Place, body: Body, api: Client, key: str) -> None:
    response = post_order(api, body, key)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-malformed")


@pytest.mark.parametrize("key", ["x", "x" * 255, f'"{"x" * 255}"', '"a b"', r'"a\"b"', '"one,two"', "a/b:c=d+e!"])
def test_other_printable_keys_will_do(place: Place, key: str) -> None:
    assert place(key=key).status_code == 201


def test_a_request_that_failed_leaves_its_key_free(place: Place, body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("orders.services.placing.publish", _fail)
        assert place(body, key="k").status_code == 500
    assert not IdempotencyKey.objects.exists()
    assert not Order.objects.exists()
    assert place(body, key="k").status_code == 201


def _fail(*events: object) -> None:
    raise RuntimeError("between the order and its event")


def test_the_same_key_for_another_order_is_not_taken_for_a_repetition(place: Place, api: Client) -> None:
    for placed, status in ((place().json(), 202), (place().json(), 422)):
        headers = {"Idempotency-Key": "k"}
        response = api.post(placed["links"]["cancellation"], {}, content_type="application/json", headers=headers)
        assert response.status_code == status
