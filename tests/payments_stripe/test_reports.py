"""POST /api/v1/payment-callbacks/stripe: only what Stripe has signed just now is believed, and it counts once."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer
from stripe import WebhookSignature

from outbox.models import Attempt, Delivery, Event
from outbox.testing import deliver
from payments.models import Payment
from payments.sandbox import SandboxProvider
from tests.domain.journeys import bring_to_the_end, cancel, held_up, status
from tests.payments_stripe.conftest import WEBHOOK_SECRET
from tests.payments_stripe.ledger import charges, send_reports_to
from tests.payments_stripe.recorder import CONFIRM, LOOK, Recorder
from tests.payments_stripe.test_journeys import TOTAL, cancelled_when_paid, opened, payment, shipped
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stripe")]

ADDRESS = "/api/v1/payment-callbacks/stripe"


def succeeded(order_id: UUID, **intent: Any) -> bytes:
    """The event that says that the order has been paid."""
    paid = Payment.objects.get(order_id=order_id)
    metadata = {"murmuration_key": paid.idempotency_key}
    reference = paid.provider_ref or "pi_1"
    return event(
        object={"id": reference, "amount": paid.amount, "currency": "eur", "metadata": metadata, "status": "succeeded"}
        | intent
    )


def event(type: str = "payment_intent.succeeded", **data: Any) -> bytes:
    return json.dumps({"id": "evt_1", "object": "event", "type": type, "livemode": False, "data": data}).encode()


def post(body: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> Any:
    signature = WebhookSignature.generate_signature_header(body.decode(), secret, int(time.time()) - age)
    return send(body, signature)


def send(body: bytes, signature: str) -> Any:
    headers = {"Stripe-Signature": signature} if signature else {}
    client = Client(raise_request_exception=False)
    return client.post(ADDRESS, body, content_type="application/json; charset=utf-8", headers=headers)


def said(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def times(order_id: UUID, name: str) -> int:
    return Event.objects.filter(order_id=order_id, name=f"payments.{name}").count()


@pytest.mark.django_db(transaction=True)
def test_localstripe_reports_a_charge_whose_answer_was_lost(
    company: int, recorder: Recorder, live_server: LiveServer
) -> None:
    """The whole way over HTTP: confirmed, the answer lost, and reported by the company itself, signed."""
    with send_reports_to(live_server.url + ADDRESS, company):
        order_id = opened()
        recorder.plan(CONFIRM, lost=True)
        while not Attempt.objects.exists():
            deliver()
        wait_until(lambda: payment(order_id).state == "captured", "localstripe has reported the charge")
    bring_to_the_end()
    (captured,) = Event.objects.filter(order_id=order_id, name="payments.PaymentCaptured")
    assert (captured.actor, captured.cause_kind) == ("provider:stripe", "request")
    assert (status(order_id), recorder.times(LOOK), charges(company, order_id)) == ("shipped", 0, [(TOTAL, 0)])


class TestWhatIsNotProven:
    def test_unsigned(self) -> None:
        assert said(send(event(), "")) == (401, "bad-signature")

    @pytest.mark.parametrize(
        "signature", ["x", "t=,v1=", "t=1", "t=1,v1=00", f"t={'9' * 5_000},v1=00", "t=1,v1=Ã©", "v1=00,t=NaN"]
    )
    def test_signed_in_another_form(self, signature: str) -> None:
        assert said(send(event(), signature)) == (401, "bad-signature")

    def test_signed_by_somebody_else(self) -> None:
        assert said(post(event(), secret="whsec_guess")) == (401, "bad-signature")

    def test_signed_too_long_ago(self) -> None:
        assert said(post(event(), age=301)) == (401, "bad-signature")
        assert post(event("charge.updated", object={}), age=290).status_code == 200

    def test_another_body_than_was_signed(self) -> None:
        signature = WebhookSignature.generate_signature_header(event().decode(), WEBHOOK_SECRET)
        assert said(send(event() + b" ", signature)) == (401, "bad-signature")

    def test_not_even_text(self) -> None:
        signature = WebhookSignature.generate_signature_header("", WEBHOOK_SECRET)
        assert said(send(b"\xff", signature)) == (401, "bad-signature")

    def test_signed_where_no_secret_is_set(self, settings: Any) -> None:
        settings.STRIPE_WEBHOOK_SECRET = ""
        assert said(post(event(), secret="")) == (401, "bad-signature")

    def test_signed_where_stripe_is_not_the_provider(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("payments.gateway.asking.provider", SandboxProvider)
        assert said(post(event())) == (401, "bad-signature")


class TestWhatIsSignedAndNotUnderstood:
    @pytest.mark.parametrize(
        "body",
        [b"", b"null", b"[]", b"{", b"{}", b'{"id": 1, "type": "payment_intent.succeeded", "data": {}}', b"[" * 20_000],
    )
    def test_no_event(self, body: bytes) -> None:
        assert said(post(body)) == (400, "invalid-body")

    @pytest.mark.parametrize(
        "intent",
        [{}, {"id": "pi_1", "amount": "1", "currency": "eur", "metadata": {}}, {"id": "pi_1", "amount": 1}],
    )
    def test_no_intent(self, intent: dict[str, Any]) -> None:
        assert said(post(event(object=intent))) == (400, "invalid-body")

    def test_too_much(self) -> None:
        assert said(post(event(object={"description": "x" * 70_000}))) == (413, "body-too-large")


class TestWhatIsNoneOfOurs:
    @pytest.mark.parametrize("type", ["payment_intent.payment_failed", "refund.updated", "customer.created"])
    def test_another_kind_of_event_is_acknowledged(self, type: str) -> None:
        response = post(event(type, object={"id": "x"}))
        assert (response.status_code, response.json()) == (200, {"id": "evt_1"})

    @pytest.mark.parametrize("key", [None, "", "x", "1:1", f"{UUID(int=1)}", f"{UUID(int=1)}:0", f"{UUID(int=1)}:1\n"])
    def test_a_charge_that_others_have_asked_for_is_acknowledged(self, key: str | None) -> None:
        intent = {"id": "pi_1", "amount": 1, "currency": "eur", "metadata": {"murmuration_key": key} if key else {}}
        assert post(event(object=intent)).status_code == 200
        assert not Event.objects.exists()

    def test_a_charge_by_a_key_that_is_nobodys_is_not_found(self) -> None:
        intent = {"id": "pi_1", "amount": 1, "currency": "eur", "metadata": {"murmuration_key": f"{uuid4()}:1"}}
        assert said(post(event(object=intent))) == (404, "not-found")


class TestWhatCounts:
    def test_not_if_the_amount_cannot_be(self) -> None:
        order_id = opened()
        assert said(post(succeeded(order_id, amount=501, currency="isk"))) == (400, "invalid-body")

    def test_once_however_often_it_comes(self) -> None:
        order_id = opened()
        for _ in range(3):
            assert post(succeeded(order_id)).status_code == 200
        assert times(order_id, "PaymentCaptured") == 1

    def test_before_the_answer(self, company: int) -> None:
        order_id = opened()
        post(succeeded(order_id))
        bring_to_the_end()
        assert (status(order_id), times(order_id, "PaymentCaptured")) == ("shipped", 1)
        halves = Delivery.objects.filter(order_id=order_id, reaction_id="payments.capture_payment")
        assert halves.latest("event_id").outcome == "the payment is already captured"

    def test_after_the_answer(self) -> None:
        order_id = shipped()
        assert post(succeeded(order_id)).status_code == 200
        assert times(order_id, "PaymentCaptured") == 1

    def test_after_the_money_was_given_back_nothing_changes(self, company: int) -> None:
        order_id = cancelled_when_paid()
        assert payment(order_id).state == "refunded"
        events = Event.objects.count()
        assert post(succeeded(order_id)).status_code == 200
        assert (Event.objects.count(), charges(company, order_id)) == (events, [(TOTAL, TOTAL)])

    def test_after_the_payment_was_closed_it_goes_back(self) -> None:
        order_id = opened()
        with held_up("payments.capture_payment"):
            cancel(order_id)
        bring_to_the_end()
        assert payment(order_id).state == "voided"
        assert post(succeeded(order_id)).status_code == 200
        assert (payment(order_id).state, times(order_id, "LatePaymentReceived")) == ("refunding", 1)

    @pytest.mark.parametrize("other", [{"amount": TOTAL - 1}, {"amount": 10 * TOTAL}, {"currency": "usd"}])
    def test_not_if_another_amount_is_due(self, other: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
        order_id = opened()
        assert said(post(succeeded(order_id, **other))) == (409, "conflict")
        assert (payment(order_id).state, times(order_id, "PaymentCaptured")) == ("capturing", 0)
        assert "is not what stripe has charged" in caplog.text
