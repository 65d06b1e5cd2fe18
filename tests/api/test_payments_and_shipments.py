"""GET /api/v1/payments/{id}, POST /api/v1/payments/{id}/refunds and GET /api/v1/shipments/{id}."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from inventory.services import set_stock
from outbox.models import Reaction
from outbox.testing import published, run_until_quiet
from payments.models import Payment
from shipping.models import Shipment
from tests.api.conftest import Body, Place, service, staff
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cashier(db: None) -> Client:
    return service("cashier", "payments:refund")


def order_with(place: Place, body: Body, method: str) -> Any:
    set_stock(levels={"MUG-BLUE": 10, "TEA-GREEN": 10})
    body["payment_method"] = method
    return place(body).json()


def refund(client: Client, payment: Payment, body: Any = None, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key or str(uuid4())}
    path = f"/api/v1/payments/{payment.pk}/refunds"
    return client.post(path, {} if body is None else body, content_type="application/json", headers=headers)


@pytest.fixture
def owed(api: Client, place: Place, body: Body) -> Payment:
    """The payment for a cancelled order that the provider has refused to give back."""
    Reaction.objects.filter(pk__in=["shipping.buy_label"]).update(paused=True)
    placed = order_with(place, body, "pm_card_ok_refund_fails")
    run_until_quiet()
    headers = {"Idempotency-Key": "cancel"}
    assert api.post(placed["links"]["cancellation"], {}, "application/json", headers=headers).status_code == 202
    run_until_quiet()
    Reaction.objects.update(paused=False)
    payment = Payment.objects.get()
    assert payment.state == "refund_failed"
    return payment


def test_a_payment_is_shown_with_what_became_of_it(cashier: Client, place: Place, body: Body) -> None:
    placed = order_with(place, body, "pm_card_ok")
    run_until_quiet()
    payment = Payment.objects.get()
    shown = cashier.get(f"/api/v1/payments/{payment.pk}").json()
    assert (shown["order_id"], shown["state"], shown["amount"]) == (placed["id"], "captured", placed["total"])
    assert (shown["refund"], shown["refunds"], shown["available_actions"]) == (None, [], ["refund"])
    assert shown["refundable"] == shown["amount"]
    assert staff("sue", "payments.view_payment").get(shown["links"]["self"]).json() == shown


def test_what_is_owed_is_given_back_on_a_second_try(cashier: Client, owed: Payment) -> None:
    shown = cashier.get(f"/api/v1/payments/{owed.pk}").json()
    assert (shown["state"], shown["available_actions"]) == ("refund_failed", ["refund"])
    assert (shown["refund"]["attempt"], shown["refund"]["code"]) == (1, "refund_failed")
    asked = refund(cashier, owed, {"amount": shown["amount"]})
    assert (asked.status_code, asked["Location"]) == (202, f"/api/v1/payments/{owed.pk}")
    assert (asked.json()["state"], asked.json()["refund"]["attempt"]) == ("refunding", 2)
    run_until_quiet()
    assert cashier.get(asked["Location"]).json()["state"] == "refunded"


def test_a_refund_is_asked_for_once_however_often_the_request_comes(cashier: Client, owed: Payment) -> None:
    first, again = refund(cashier, owed, key="k"), refund(cashier, owed, key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert len(published("payments.PaymentRefundStarted")) == 2  # the one that failed, and this one


def test_while_it_is_being_given_back_nobody_else_does_so(cashier: Client, owed: Payment) -> None:
    refund(cashier, owed)
    second = refund(cashier, owed)
    assert (second.status_code, second.json()["code"]) == (409, "refund-in-progress")
    assert second["Retry-After"] == "2"


@pytest.mark.parametrize("amount", [{"amount": 1, "currency": "EUR"}, {"amount": 3499, "currency": "USD"}])
def test_another_amount_is_422(cashier: Client, owed: Payment, amount: Any) -> None:
    response = refund(cashier, owed, {"amount": amount})
    assert (response.status_code, response.json()["code"]) == (422, "not-the-amount")


@pytest.mark.parametrize("sent", [{"amount": 5}, {"amount": {"amount": "5", "currency": "EUR"}}, {"why": "x"}, []])
def test_a_wrong_body_is_400(cashier: Client, owed: Payment, sent: Any) -> None:
    assert refund(cashier, owed, sent).status_code == 400


def test_what_was_never_taken_is_not_given_back(cashier: Client, place: Place, body: Body) -> None:
    order_with(place, body, "pm_card_declined_expired")
    run_until_quiet()
    response = refund(cashier, Payment.objects.get(), {"reason": "goodwill"})
    assert (response.status_code, response.json()["code"]) == (409, "nothing-to-refund")


@pytest.mark.parametrize("path", ["payments/%s", "shipments/%s"])
def test_what_does_not_exist_is_not_found(path: str) -> None:
    client = service("all", "payments:refund", "shipping:write")
    for id in (uuid4(), "0", "x" * 40):
        assert client.get(f"/api/v1/{path % id}").status_code == 404


def test_a_shipment_is_shown(place: Place, body: Body) -> None:
    placed = order_with(place, body, "pm_card_ok")
    run_until_quiet()
    shipment = Shipment.objects.get()
    shown = service("depot", "shipping:write").get(f"/api/v1/shipments/{shipment.pk}").json()
    assert (shown["order_id"], shown["state"], shown["carrier"]) == (placed["id"], "shipped", "Starling Post")
    assert shown["ship_to"]["recipient"] == "Ada Lovelace"
    assert shown["lines"][0] == {"sku": "MUG-BLUE", "quantity": 2}
