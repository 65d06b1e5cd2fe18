"""POST /api/v1/carrier-callbacks/sandbox: what the carrier reports, and only the carrier."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client

from api.signatures import TOLERANCE, sign
from outbox.models import Event
from outbox.testing import published, run_until_quiet
from shipping.models import CarrierEvent, Shipment
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)
from tests.domain.journeys import bring_to_the_end, held_up, order, status

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/api/v1/carrier-callbacks/sandbox"


def delivered(shipment_id: UUID, **other: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "type": "delivered",
        "shipment_id": str(shipment_id),
        "occurred_at": "2026-01-02T03:04:05Z",
        "signed_by": "A. Lovelace",
    } | other


def report(client: Client, body: Any, signature: str | None = None) -> Any:
    raw = json.dumps(body).encode()
    signature = sign(raw, settings.CARRIER_CALLBACK_SECRET) if signature is None else signature
    return client.post(ADDRESS, raw, content_type="application/json", headers={"Signature": signature})


def shipment_of(order_id: UUID) -> Shipment:
    return Shipment.objects.get(order_id=order_id)


def test_a_delivery_ends_the_order(client: Client) -> None:
    order_id = order()
    bring_to_the_end()
    response = report(client, delivered(shipment_of(order_id).pk))
    assert (response.status_code, response.json()) == (200, {"id": "evt_1"})
    bring_to_the_end()
    assert status(order_id) == "delivered"
    row = Event.objects.get(name="shipping.ShipmentDelivered")
    assert (row.actor, row.payload["signed_by"]) == ("carrier:sandbox", "A. Lovelace")
    assert row.payload["delivered_at"] == "2026-01-02T03:04:05Z"


def test_reported_again_changes_nothing(client: Client) -> None:
    order_id = order()
    bring_to_the_end()
    for event_id in ("evt_1", "evt_1", "evt_2"):
        assert report(client, delivered(shipment_of(order_id).pk, id=event_id)).status_code == 200
    assert len(published("shipping.ShipmentDelivered")) == 1
    assert CarrierEvent.objects.count() == 2


def test_a_delivery_before_we_know_that_it_has_shipped_is_kept(client: Client) -> None:
    order_id = order(postal_code="00001")
    with held_up("orders.track_progress"):
        assert shipment_of(order_id).state == "buying"
        assert report(client, delivered(shipment_of(order_id).pk)).status_code == 200
    run_until_quiet()
    assert status(order_id) == "paid"
    bring_to_the_end()
    assert status(order_id) == "delivered"


def test_a_shipment_that_does_not_exist_is_404(client: Client) -> None:
    assert report(client, delivered(uuid4())).status_code == 404


def test_a_parcel_that_the_carrier_cannot_have_is_409(client: Client) -> None:
    order_id = order()
    with held_up("payments.capture_payment"):
        response = report(client, delivered(shipment_of(order_id).pk))
    assert (response.status_code, response.json()["code"]) == (409, "not-with-the-carrier")
    assert published("shipping.ShipmentDelivered") == []


@pytest.mark.django_db
class TestTheSignature:
    @pytest.mark.parametrize(
        "header", ["", "t=1,v1=", "t=x,v1=" + "0" * 64, "v1=" + "0" * 64, "\u00ff", f"t={'9' * 15},v1={'0' * 64}"]
    )
    def test_that_is_none(self, client: Client, header: str) -> None:
        self.refused(report(client, delivered(uuid4()), header))

    def test_of_somebody_else(self, client: Client) -> None:
        body = delivered(uuid4())
        self.refused(report(client, body, sign(json.dumps(body).encode(), "another secret")))

    def test_of_another_body(self, client: Client) -> None:
        other = json.dumps(delivered(uuid4())).encode()
        self.refused(report(client, delivered(uuid4()), sign(other, settings.CARRIER_CALLBACK_SECRET)))

    @pytest.mark.parametrize("seconds", [-TOLERANCE - 5, TOLERANCE + 5])
    def test_of_another_time(self, client: Client, seconds: int) -> None:
        body = delivered(uuid4())
        at = int(time.time()) + seconds
        self.refused(report(client, body, sign(json.dumps(body).encode(), settings.CARRIER_CALLBACK_SECRET, at)))

    def test_without_a_secret_nobody_can_sign(self, client: Client, settings: Any) -> None:
        settings.CARRIER_CALLBACK_SECRET = ""
        self.refused(report(client, delivered(uuid4())))

    def refused(self, response: Any) -> None:
        assert (response.status_code, response.json()["code"]) == (401, "bad-signature")
        assert not CarrierEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        {"id": ""}, {"id": "a b"}, {"id": "x" * 101}, {"type": "lost"}, {"shipment_id": "42"},
        {"occurred_at": "2026-01-02"}, {"occurred_at": "2026-01-02T03:04:05"}, {"signed_by": "a\0"}, {"state": "x"},
    ],
)  # fmt: skip
def test_a_report_of_another_shape_is_400(client: Client, other: Any) -> None:
    response = report(client, delivered(uuid4()) | other)
    assert (response.status_code, response.json()["code"]) == (400, "invalid-body")
