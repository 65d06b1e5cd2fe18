"""POST and GET /api/v1/orders/{id}/cancellation."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from inventory.services import set_stock
from orders.models import CancellationRequest
from outbox.models import Reaction
from outbox.testing import published, run_until_quiet
from tests.api.conftest import Body, Place
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db(transaction=True)


def cancel(client: Client, placed: Any, body: Any = None, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return client.post(placed["links"]["cancellation"], body, content_type="application/json", headers=headers)


@pytest.fixture
def placed(place: Place) -> Any:
    set_stock(levels={"MUG-BLUE": 10, "TEA-GREEN": 10})
    return place().json()


def test_it_is_accepted_to_be_decided_and_can_be_followed_until_it_is_settled(api: Client, placed: Any) -> None:
    asked = cancel(api, placed, {"reason": "changed_mind", "note": "Sorry.\nI have two."})
    assert (asked.status_code, asked["Location"]) == (202, placed["links"]["cancellation"])
    assert (asked.json()["state"], asked.json()["requested_by"]) == ("requested", "customer")
    assert asked.json()["books"] == {book: {"closed_by": None} for book in ("stock", "payment", "shipment")}
    run_until_quiet()
    followed = api.get(asked["Location"]).json()
    assert (followed["state"], followed["reason"]) == ("settled", "customer")
    assert set(followed["books"]) == {"stock", "payment", "shipment"}
    assert all(book["closed_by"] for book in followed["books"].values())
    order = api.get(placed["links"]["self"]).json()
    assert (order["status"], order["shipment_status"], order["cancellation_pending"]) == ("cancelled", "stopped", False)


def test_the_order_says_that_it_is_pending(api: Client, placed: Any) -> None:
    Reaction.objects.filter(pk="shipping.decide_cancellation").update(paused=True)
    cancel(api, placed)
    run_until_quiet()
    assert api.get(placed["links"]["self"]).json()["cancellation_pending"] is True
    Reaction.objects.update(paused=False)


def test_nothing_has_to_be_said_about_it(api: Client, placed: Any) -> None:
    response = api.generic("POST", placed["links"]["cancellation"], headers={"Idempotency-Key": "k"})
    assert response.status_code == 202
    assert CancellationRequest.objects.get().reason == "other"


def test_asking_again_is_the_same_cancellation(api: Client, placed: Any) -> None:
    first, again = cancel(api, placed, key="k"), cancel(api, placed, key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    other = cancel(api, placed, {"reason": "takes_too_long"}, key="another")
    assert (other.status_code, other.content) == (202, first.content)
    assert len(published("orders.OrderCancellationRequested")) == 1
    run_until_quiet()
    assert cancel(api, placed).status_code == 200


def test_what_was_cancelled_without_a_request_is_shown_all_the_same(api: Client, place: Place, body: Body) -> None:
    placed = place(body).json()  # nothing is in stock
    run_until_quiet()
    shown = api.get(placed["links"]["cancellation"]).json()
    assert (shown["state"], shown["reason"], shown["requested_at"]) == ("settled", "inventory", None)
    assert cancel(api, placed).json() == shown
    assert not CancellationRequest.objects.exists()


def test_what_has_shipped_is_409(api: Client, placed: Any) -> None:
    run_until_quiet()
    response = cancel(api, placed)
    assert (response.status_code, response.json()["code"]) == (409, "not-cancellable")
    assert api.get(placed["links"]["cancellation"]).status_code == 404


def test_what_turns_out_to_have_shipped_is_rejected(api: Client, placed: Any) -> None:
    Reaction.objects.filter(pk="orders.track_progress").update(paused=True)
    run_until_quiet()
    assert cancel(api, placed).status_code == 202
    run_until_quiet()
    shown = api.get(placed["links"]["cancellation"]).json()
    assert (shown["state"], shown["rejection"], shown["cancelled_at"]) == ("rejected", "already_dispatched", None)
    assert cancel(api, placed).status_code == 409
    Reaction.objects.update(paused=False)


def test_nobody_elses_order(placed: Any, stranger: Client) -> None:
    assert cancel(stranger, placed).status_code == 404
    assert stranger.get(placed["links"]["cancellation"]).status_code == 404
    assert not CancellationRequest.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "fraud"}, "/reason"),
        ({"reason": 1}, "/reason"),
        ({"note": "x" * 501}, "/note"),
        ({"note": "a\0b"}, "/note"),
        ({"state": "accepted"}, "/state"),
        ([], ""),
        ('"no"', ""),
    ],
)
def test_a_wrong_body_is_400_and_asks_nothing(api: Client, placed: Any, body: Any, pointer: str) -> None:
    response = cancel(api, placed, body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)
    assert not CancellationRequest.objects.exists()


def test_it_needs_a_key(api: Client, placed: Any) -> None:
    response = api.post(placed["links"]["cancellation"], {}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "idempotency-key-missing")
