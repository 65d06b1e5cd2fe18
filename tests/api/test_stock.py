"""GET /api/v1/inventory/skus and POST /api/v1/inventory/adjustments."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import Adjustment, Stock
from inventory.services import set_stock
from tests.api.conftest import service, staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stock(db: None) -> None:
    set_stock(levels={"MUG-BLUE": 5, "TEA-GREEN": 0, "POT-IRON": 3})
    Stock.objects.filter(sku="POT-IRON").update(reserved=3)


@pytest.fixture
def warehouse(stock: None) -> Client:
    return service("warehouse", "inventory:write")


def adjust(client: Client, key: str | None = None, **changes: Any) -> Any:
    body = {"sku": "MUG-BLUE", "delta": 2, "expected_on_hand": 5, "reason": "counted", **changes}
    headers = {"Idempotency-Key": key or str(uuid4())}
    return client.post("/api/v1/inventory/adjustments", body, content_type="application/json", headers=headers)


def test_customers_see_whether_there_is_any(api: Client, stock: None) -> None:
    assert api.get("/api/v1/inventory/skus").json() == {
        "data": [
            {"sku": "MUG-BLUE", "in_stock": True},
            {"sku": "POT-IRON", "in_stock": False},
            {"sku": "TEA-GREEN", "in_stock": False},
        ],
        "next": None,
    }
    assert api.get("/api/v1/inventory/skus/MUG-BLUE").json() == {"sku": "MUG-BLUE", "in_stock": True}


def test_staff_and_services_see_the_numbers(warehouse: Client) -> None:
    wanted = {"sku": "POT-IRON", "in_stock": False, "on_hand": 3, "reserved": 3, "available": 0}
    for client in (warehouse, staff("wim", "inventory.view_stock")):
        assert client.get("/api/v1/inventory/skus/POT-IRON").json() == wanted


@pytest.mark.parametrize("sku", ["NOTHING", "mug", "%00", "A" * 65, "MUG%0A", "..%2F"])
def test_what_is_not_stocked_is_not_found(api: Client, stock: None, sku: str) -> None:
    assert api.get(f"/api/v1/inventory/skus/{sku}").status_code == 404


def test_skus_are_paged_in_their_order(api: Client, stock: None) -> None:
    pages = [api.get("/api/v1/inventory/skus?page_size=1")]
    while following := pages[-1].json()["next"]:
        assert pages[-1]["Link"] == f'<{following}>; rel="next"'
        with CaptureQueriesContext(connection) as captured:
            pages.append(api.get(following))
        assert len(captured) == 2  # the token, the stock
    assert [page.json()["data"][0]["sku"] for page in pages] == ["MUG-BLUE", "POT-IRON", "TEA-GREEN"]


@pytest.mark.parametrize("query", ["cursor=mug", "cursor=", "cursor=%00", "page_size=0", "page_size=101"])
def test_a_wrong_parameter_is_400(api: Client, query: str) -> None:
    assert api.get(f"/api/v1/inventory/skus?{query}").status_code == 400


def test_a_correction_is_made_and_says_who_made_it(warehouse: Client) -> None:
    made = adjust(warehouse, note="Found behind the shelf.")
    assert (made.status_code, made["Location"]) == (201, "/api/v1/inventory/skus/MUG-BLUE")
    assert (made.json()["delta"], made.json()["on_hand"]) == (2, 7)
    kept = Adjustment.objects.get()
    assert (kept.actor, kept.reason, kept.note) == ("service:warehouse", "counted", "Found behind the shelf.")
    assert Stock.objects.get(sku="MUG-BLUE").on_hand == 7


def test_a_correction_repeated_is_made_once(warehouse: Client) -> None:
    first, again = adjust(warehouse, key="k"), adjust(warehouse, key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert Adjustment.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"expected_on_hand": 4}, 409, "stale-count"),
        ({"sku": "POT-IRON", "expected_on_hand": 3, "delta": -1}, 409, "below-reserved"),
        ({"delta": -6}, 409, "below-reserved"),
        ({"sku": "NOTHING"}, 422, "not-stocked"),
        ({"delta": 2_000_000_000}, 400, "invalid-body"),
        ({"delta": 0.5}, 400, "invalid-body"),
        ({"expected_on_hand": -1}, 400, "invalid-body"),
        ({"reason": "stolen"}, 400, "invalid-body"),
        ({"note": "a\0b"}, 400, "invalid-body"),
        ({"on_hand": 7}, 400, "invalid-body"),
    ],
)
def test_a_correction_that_cannot_be_made_changes_nothing(
    warehouse: Client, changes: Any, status: int, code: str
) -> None:
    response = adjust(warehouse, **changes)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Adjustment.objects.exists()
    assert Stock.objects.get(sku="MUG-BLUE").on_hand == 5


def test_nobody_has_more_than_the_largest_stock(warehouse: Client) -> None:
    set_stock(levels={"MUG-BLUE": 10**12})
    response = adjust(warehouse, expected_on_hand=10**12, delta=1)
    assert (response.status_code, response.json()["code"]) == (422, "too-much-stock")


def test_the_stale_count_says_what_is_there(warehouse: Client) -> None:
    assert "5 units" in adjust(warehouse, expected_on_hand=4).json()["detail"]


def test_of_two_who_have_counted_the_same_one_corrects(warehouse: Client) -> None:
    def one(_: int) -> int:
        try:
            return int(adjust(warehouse).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(one, range(4))) == [201, 409, 409, 409]
    assert Stock.objects.get(sku="MUG-BLUE").on_hand == 7
