"""POST /api/v1/payment-callbacks/sandbox: a charge that is reported before it is answered counts once."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from api.signatures import sign
from outbox.models import Delivery, Event
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)
from tests.domain.journeys import bring_to_the_end, order, status

ADDRESS = "/api/v1/payment-callbacks/sandbox"
NOBODYS = str(UUID(int=1))
WEBHOOK_FIRST = "pm_card_webhook_first"


@pytest.mark.django_db(transaction=True)
def test_the_report_counts_and_the_answer_that_follows_does_not(live_server: LiveServer, settings: Any) -> None:
    settings.SANDBOX_WEBHOOK_URL = live_server.url + ADDRESS
    order_id = order(WEBHOOK_FIRST)
    bring_to_the_end()
    assert status(order_id) == "shipped"
    (captured,) = Event.objects.filter(name="payments.PaymentCaptured")
    assert (captured.actor, captured.cause_kind) == ("provider:sandbox", "request")
    asked = Delivery.objects.get(reaction_id="payments.capture_payment", event__name="inventory.StockReserved")
    assert (asked.state, asked.outcome) == ("ignored", "the payment is already captured")


@pytest.mark.django_db(transaction=True)
def test_without_the_report_the_answer_counts(settings: Any) -> None:
    settings.SANDBOX_WEBHOOK_URL = "http://127.0.0.1:1/"
    order_id = order(WEBHOOK_FIRST)
    bring_to_the_end()
    assert status(order_id) == "shipped"


@pytest.mark.django_db
class TestAReport:
    def post(self, client: Client, body: bytes, secret: str) -> Any:
        headers = {"Signature": sign(body, secret)}
        return client.post(ADDRESS, body, content_type="application/json", headers=headers)

    def body(self, key: str) -> bytes:
        return b'{"id":"evt_1","type":"charge.succeeded","key":"%b","reference":"ch_1"}' % key.encode()

    def test_of_what_nobody_asked_for_is_404(self, client: Client, settings: Any) -> None:
        response = self.post(client, self.body(f"{uuid4()}:1"), settings.PAYMENT_CALLBACK_SECRET)
        assert (response.status_code, response.json()["code"]) == (404, "not-found")

    @pytest.mark.parametrize("key", ["", "1", NOBODYS, f"{NOBODYS}:0", f"{NOBODYS}:99999", f"{NOBODYS}:1\\u0000"])
    def test_of_another_shape_is_400(self, client: Client, settings: Any, key: str) -> None:
        response = self.post(client, self.body(key), settings.PAYMENT_CALLBACK_SECRET)
        assert (response.status_code, response.json()["code"]) == (400, "invalid-body")

    def test_that_is_not_signed_is_401(self, client: Client) -> None:
        assert self.post(client, self.body(f"{uuid4()}:1"), "guess").status_code == 401
