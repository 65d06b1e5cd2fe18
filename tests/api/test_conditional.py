"""ETags, HEAD and OPTIONS, and what an order offers next."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from inventory.services import set_stock
from orders.models import Order
from outbox.testing import run_until_quiet
from tests.api.conftest import Place, staff
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def placed(place: Place) -> Any:
    set_stock(levels={"MUG-BLUE": 10, "TEA-GREEN": 10})
    return place()


def test_who_has_it_already_is_told_so_without_a_body(api: Client, placed: Any) -> None:
    path = placed["Location"]
    first = api.get(path)
    assert first["ETag"] == placed["ETag"]
    for known in (first["ETag"], f"W/{first['ETag']}", f'"other", {first["ETag"]}', "*"):
        again = api.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    run_until_quiet()
    moved = api.get(path, headers={"If-None-Match": first["ETag"]})
    assert (moved.status_code, moved.json()["status"]) == (200, "shipped")
    assert moved["ETag"] != first["ETag"]


def test_who_sees_more_has_another_etag(api: Client, placed: Any) -> None:
    support = staff("sue", "orders.view_order")
    assert support.get(placed["Location"])["ETag"] != api.get(placed["Location"])["ETag"]


@pytest.mark.parametrize("header", ['"', "W/", "abc", "\u00ff", '""', "x" * 5000])
def test_an_etag_that_is_none_matches_nothing(api: Client, placed: Any, header: str) -> None:
    assert api.get(placed["Location"], headers={"If-None-Match": header}).status_code == 200


def test_a_client_is_told_when_to_come_back_until_nothing_more_is_to_come(api: Client, placed: Any) -> None:
    assert placed["Retry-After"] == api.get(placed["Location"])["Retry-After"] == "1"
    run_until_quiet()
    assert "Retry-After" not in api.get(placed["Location"])


def test_an_order_offers_to_be_cancelled_as_long_as_that_makes_sense(api: Client, placed: Any) -> None:
    assert placed.json()["available_actions"] == ["cancel"]
    run_until_quiet()
    assert api.get(placed["Location"]).json()["available_actions"] == []


class TestCancellingIfMatch:
    def cancel(self, api: Client, placed: Any, etag: str) -> Any:
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": etag}
        return api.post(placed.json()["links"]["cancellation"], {}, "application/json", headers=headers)

    def test_the_order_is_as_the_client_has_seen_it(self, api: Client, placed: Any) -> None:
        assert self.cancel(api, placed, placed["ETag"]).status_code == 202

    def test_any_state_will_do_for_a_star(self, api: Client, placed: Any) -> None:
        assert self.cancel(api, placed, "*").status_code == 202

    @pytest.mark.parametrize("weak", [False, True])
    def test_it_has_moved_on_or_was_only_weakly_known(self, api: Client, placed: Any, weak: bool) -> None:
        if not weak:
            Order.objects.update(seen=["inventory.StockReserved"], status="reserved")
        response = self.cancel(api, placed, f"W/{placed['ETag']}" if weak else placed["ETag"])
        assert (response.status_code, response.json()["code"]) == (412, "precondition-failed")
        run_until_quiet()
        assert api.get(placed.json()["links"]["cancellation"]).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/events", "/api/v1/inventory/skus", "/api/v1/tokens"])
def test_head_is_get_without_the_body(db: None, path: str) -> None:
    support = staff("sue", "orders.view_order", "outbox.view_event")
    got, head = support.get(path), support.head(path)
    assert (head.status_code, head.content, head.headers.get("ETag")) == (200, b"", got.headers.get("ETag"))


def test_options_says_which_methods_there_are(api: Client, placed: Any) -> None:
    response = api.options("/api/v1/orders")
    assert response.status_code == 200
    assert set(response["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}
