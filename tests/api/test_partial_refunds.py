"""POST /api/v1/payments/{id}/refunds of a part, and GET of what became of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from orders.models import Order
from outbox.models import Reaction
from outbox.testing import published, run_until_quiet
from payments.models import Payment
from payments.services import drop_part
from tests.api.conftest import Body, Place, service, staff
from tests.api.test_payments_and_shipments import cashier, order_with, refund  # noqa: F401 (cashier is a fixture)
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db(transaction=True)


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def paid(place: Place, body: Body) -> Payment:
    """The payment of an order that has shipped."""
    order_with(place, body, "pm_card_ok")
    run_until_quiet()
    return Payment.objects.get(state="captured")


@pytest.fixture
def refusing(place: Place, body: Body) -> Payment:
    """The same, of which the first refund is refused."""
    order_with(place, body, "pm_card_ok_refund_fails")
    run_until_quiet()
    return Payment.objects.get(state="captured")


def test_a_part_goes_back_and_is_followed_at_its_location(cashier: Client, paid: Payment) -> None:  # noqa: F811
    asked = refund(cashier, paid, {"amount": euros(500), "reason": "damaged"})
    assert asked.status_code == 202
    [part] = asked.json()["refunds"]
    assert asked["Location"] == part["links"]["self"] == f"/api/v1/payments/{paid.pk}/refunds/{part['id']}"
    assert (part["state"], part["amount"], part["reason"]) == ("refunding", euros(500), "damaged")
    first = cashier.get(asked["Location"])
    assert cashier.get(asked["Location"], headers={"If-None-Match": first["ETag"]}).status_code == 304
    run_until_quiet()
    shown = cashier.get(asked["Location"], headers={"If-None-Match": first["ETag"]}).json()
    assert (shown["state"], shown["reference"][:3]) == ("refunded", "re_")
    payment = cashier.get(f"/api/v1/payments/{paid.pk}").json()
    assert (payment["state"], payment["refunds"]) == ("captured", [shown])
    assert payment["refundable"] == euros(paid.amount - 500)  # type: ignore[operator]  # it is known
    assert (Order.objects.get().status, payment["available_actions"]) == ("shipped", ["refund"])


def test_the_customer_sees_it_coming_and_then_in_the_history(cashier: Client, api: Client, paid: Payment) -> None:  # noqa: F811
    refund(cashier, paid, {"amount": euros(500), "reason": "damaged"})
    order = f"/api/v1/orders/{paid.order_id}"
    [coming] = [one for one in api.get(order).json()["expected_next"] if one["events"]]
    assert coming["what"] == "A part of your money is being given back."
    assert coming["events"] == ["payments.PaymentPartlyRefunded"]
    run_until_quiet()
    assert api.get(order).json()["payment_status"] == "partly_refunded"
    [told] = [e for e in api.get(f"{order}/events").json()["data"] if e["name"] == "payments.PaymentPartlyRefunded"]
    assert told["payload"] == {"amount": euros(500), "reason": "damaged"}


def test_without_an_amount_all_that_is_left_goes_back(cashier: Client, paid: Payment) -> None:  # noqa: F811
    refund(cashier, paid, {"amount": euros(500), "reason": "damaged"})
    refund(cashier, paid, {"reason": "returned"})
    in_the_way = refund(cashier, paid, {"reason": "returned"})
    assert (in_the_way.status_code, in_the_way.json()["code"]) == (409, "refund-in-progress")
    run_until_quiet()
    payment = cashier.get(f"/api/v1/payments/{paid.pk}").json()
    assert [part["state"] for part in payment["refunds"]] == ["refunded", "refunded"]
    assert (payment["refundable"], payment["available_actions"]) == (euros(0), [])
    nothing = refund(cashier, paid, {"reason": "returned"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing-to-refund")


def test_it_is_asked_for_once_however_often_the_request_comes(cashier: Client, paid: Payment) -> None:  # noqa: F811
    sent = {"amount": euros(500), "reason": "damaged"}
    first, again = (refund(cashier, paid, sent, key="k") for _ in range(2))
    assert (again.content, again["Location"], again["Idempotent-Replayed"]) == (
        first.content,
        first["Location"],
        "true",
    )
    assert len(published("payments.PartialRefundStarted")) == 1


@pytest.mark.parametrize(
    "amount", [euros(0), euros(-1), euros(10**12), euros(10**30), {"amount": 1, "currency": "USD"}]
)
def test_what_is_no_part_of_it_is_422(cashier: Client, paid: Payment, amount: Any) -> None:  # noqa: F811
    response = refund(cashier, paid, {"amount": amount, "reason": "damaged"})
    assert (response.status_code, response.json()["code"]) == (422, "not-the-amount")
    assert published("payments.PartialRefundStarted") == []


def test_an_amount_has_no_other_fields(cashier: Client, paid: Payment) -> None:  # noqa: F811
    response = refund(cashier, paid, {"amount": {**euros(1), "cents": 1}, "reason": "damaged"})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/amount/cents")
    assert published("payments.PartialRefundStarted") == []


def test_without_a_reason_it_is_422(cashier: Client, paid: Payment) -> None:  # noqa: F811
    response = refund(cashier, paid, {"amount": euros(1)})
    assert (response.status_code, response.json()["code"]) == (422, "reason-missing")
    assert refund(cashier, paid, {"amount": euros(1), "reason": "why not"}).status_code == 400


def test_what_was_refused_is_tried_again_by_its_id(cashier: Client, refusing: Payment) -> None:  # noqa: F811
    asked = refund(cashier, refusing, {"amount": euros(500), "reason": "damaged"})
    run_until_quiet()
    failed = cashier.get(asked["Location"]).json()
    assert (failed["state"], failed["code"], failed["attempt"]) == ("refund_failed", "refund_failed", 1)
    sue = staff("sue", "orders.view_order")
    assert sue.get(f"/api/v1/orders/{refusing.order_id}").json()["for_staff"]["attention"] == ["money_owed"]
    another = refund(cashier, refusing, {"refund_id": failed["id"], "amount": euros(501)})
    assert (another.status_code, another.json()["code"]) == (422, "not-the-amount")
    again = refund(cashier, refusing, {"refund_id": failed["id"]})
    assert (again.status_code, again["Location"]) == (202, asked["Location"])
    run_until_quiet()
    shown = cashier.get(asked["Location"]).json()
    assert (shown["state"], shown["code"], shown["attempt"]) == ("refunded", "", 2)
    assert sue.get(f"/api/v1/orders/{refusing.order_id}").json()["for_staff"]["attention"] == []


def test_what_is_owed_is_found_until_it_is_settled(cashier: Client, refusing: Payment) -> None:  # noqa: F811
    refund(cashier, refusing, {"amount": euros(500), "reason": "damaged"})
    run_until_quiet()
    sue = staff("sue", "orders.view_order")
    owed = "/api/v1/orders?attention=money_owed"
    assert [order["id"] for order in sue.get(owed).json()["data"]] == [str(refusing.order_id)]
    part = refusing.refunds.get()
    drop_part(refund_id=part.pk)
    assert sue.get(owed).json()["data"] == []
    assert cashier.get(f"/api/v1/payments/{refusing.pk}").json()["refunds"][0]["state"] == "dropped"
    again = refund(cashier, refusing, {"refund_id": str(part.pk)})
    assert (again.status_code, again.json()["code"]) == (409, "nothing-to-refund")


def test_of_a_cancelled_order_no_part_goes_back(cashier: Client, api: Client, place: Place, body: Body) -> None:  # noqa: F811
    Reaction.objects.filter(pk__in=["shipping.buy_label", "payments.refund_payment"]).update(paused=True)
    placed = order_with(place, body, "pm_card_ok")
    run_until_quiet()
    api.post(placed["links"]["cancellation"], {}, "application/json", headers={"Idempotency-Key": "cancel"})
    run_until_quiet()
    payment = Payment.objects.get()
    response = refund(cashier, payment, {"amount": euros(1), "reason": "goodwill"})
    assert (response.status_code, response.json()["code"]) in [(409, "refund-in-progress"), (422, "not-the-amount")]
    assert cashier.get(f"/api/v1/payments/{payment.pk}").json()["refundable"] is None


def test_one_of_another_payment_is_not_found(cashier: Client, paid: Payment) -> None:  # noqa: F811
    refund(cashier, paid, {"amount": euros(500), "reason": "damaged"})
    part = paid.refunds.get()
    assert cashier.get(f"/api/v1/payments/{uuid4()}/refunds/{part.pk}").status_code == 404
    assert refund(cashier, paid, {"refund_id": str(uuid4())}).status_code == 404
    assert service("depot", "shipping:write").get(f"/api/v1/payments/{paid.pk}/refunds/{part.pk}").status_code == 403
