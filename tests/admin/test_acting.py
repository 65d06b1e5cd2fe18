"""What staff may do: ask for a cancellation, try a failed refund again, or settle it. Everybody else may not."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from orders.models import CancellationRequest, Order
from outbox.models import Event, Operation
from payments.models import Payment, Refund
from tests.admin.rows import an_order

pytestmark = pytest.mark.django_db


def staff_who_may(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("sue", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


@pytest.fixture
def order() -> Order:
    return an_order()


class TestRequestingACancellation:
    def page(self, order: Order) -> str:
        return f"/admin/orders/order/{order.pk}/cancel/"

    def test_asks_why_and_then_asks_for_it(self, client: Client, order: Order) -> None:
        sue = staff_who_may(client, "view_order", "request_cancel")
        shown = sue.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
        assert self.page(order) in shown
        assert sue.get(self.page(order)).status_code == 200
        assert not CancellationRequest.objects.exists()
        answer = sue.post(self.page(order), {"reason": "fraud", "note": "stolen card"}, follow=True)
        assert b"shipping decides" in answer.content
        request = CancellationRequest.objects.get()
        assert (request.requested_by, request.reason, request.note) == ("staff", "fraud", "stolen card")
        event = Event.objects.get()
        assert (event.name, event.actor) == ("orders.OrderCancellationRequested", "staff:sue")
        operation = Operation.objects.get()
        assert (event.cause_kind, event.cause_id) == ("operation", str(operation.pk))
        assert (operation.about, operation.reason) == ("request the cancellation", "fraud: stolen card")
        assert (operation.order_id, operation.actor, operation.closed_at is None) == (order.pk, "staff:sue", False)

    def test_needs_a_reason(self, client: Client, order: Order) -> None:
        sue = staff_who_may(client, "request_cancel")
        assert sue.post(self.page(order), {"reason": "none of them"}).status_code == 200
        assert not CancellationRequest.objects.exists()

    def test_says_when_it_is_too_late(self, client: Client) -> None:
        order = an_order(status="shipped", seen=["shipping.OrderShipped"])
        sue = staff_who_may(client, "view_order", "request_cancel")
        answer = sue.post(self.page(order), {"reason": "other"}, follow=True)
        assert b"The order has left us" in answer.content
        assert not Event.objects.exists()
        assert not Operation.objects.exists()

    def test_needs_the_permission(self, client: Client, order: Order) -> None:
        sue = staff_who_may(client, "view_order")
        assert self.page(order) not in sue.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
        assert sue.get(self.page(order)).status_code == sue.post(self.page(order), {}).status_code == 403

    def test_of_an_order_that_does_not_exist(self, client: Client) -> None:
        sue = staff_who_may(client, "request_cancel")
        assert sue.get(f"/admin/orders/order/{uuid4()}/cancel/").status_code == 404


class TestRefundingAgain:
    def payment(self, state: str) -> Payment:
        return Payment.objects.create(order_id=uuid4(), amount=1, currency="EUR", state=state, refund_attempt=1)

    def ask(self, client: Client, payment: Payment, **answer: str) -> bytes:
        form = {"action": "refund_again", "_selected_action": [str(payment.pk)], **answer}
        return client.post("/admin/payments/payment/", form, follow=True).content

    def test_asks_first(self, client: Client) -> None:
        payment = self.payment("refund_failed")
        page = self.ask(staff_who_may(client, "view_payment", "refund"), payment).decode()
        assert "Chosen: 1. Each refund that has failed is asked for once more" in page
        assert f'name="_selected_action" value="{payment.pk}"' in page
        assert not Event.objects.exists()

    def test_starts_under_a_new_key(self, client: Client) -> None:
        payment = self.payment("refund_failed")
        sue = staff_who_may(client, "view_payment", "refund")
        assert b"1 refund started." in self.ask(sue, payment, answered="1", reason="the bank is back")
        payment.refresh_from_db()
        assert (payment.state, payment.refund_key) == ("refunding", f"{payment.pk}:refund:2")
        event, operation = Event.objects.get(), Operation.objects.get()
        assert (event.name, event.actor) == ("payments.PaymentRefundStarted", "staff:sue")
        assert (event.cause_kind, event.cause_id) == ("operation", str(operation.pk))
        assert operation.reason == "the bank is back"

    def test_only_of_what_has_failed(self, client: Client) -> None:
        payment = self.payment("captured")
        sue = staff_who_may(client, "view_payment", "refund")
        assert b"Only a refund that has failed" in self.ask(sue, payment, answered="1")
        assert not Event.objects.exists()

    def test_needs_the_permission(self, client: Client) -> None:
        payment = self.payment("refund_failed")
        self.ask(staff_who_may(client, "view_payment"), payment, answered="1")
        assert not Event.objects.exists()


class TestSettlingARefundInAnotherWay:
    def part(self, state: str) -> Refund:
        payment = Payment.objects.create(order_id=uuid4(), amount=900, currency="EUR", state="captured")
        return Refund.objects.create(
            payment=payment, order_id=payment.order_id, amount=500, reason="other", state=state
        )

    def ask(self, client: Client, part: Refund, **answer: str) -> bytes:
        form = {"action": "settled_otherwise", "_selected_action": [str(part.pk)], **answer}
        return client.post("/admin/payments/refund/", form, follow=True).content

    def test_asks_why_first(self, client: Client) -> None:
        part = self.part("refund_failed")
        sue = staff_who_may(client, "view_refund", "refund")
        assert b"Settled in another way?" in self.ask(sue, part)
        assert b"This field is required" in self.ask(sue, part, answered="1", reason="")
        assert not Event.objects.exists()

    def test_ends_it_and_tells_who_and_why(self, client: Client) -> None:
        part = self.part("refund_failed")
        sue = staff_who_may(client, "view_refund", "refund")
        assert b"1 refund settled." in self.ask(sue, part, answered="1", reason="by transfer")
        part.refresh_from_db()
        event, operation = Event.objects.get(), Operation.objects.get()
        assert (part.state, event.name, event.actor) == ("dropped", "payments.PartialRefundDropped", "staff:sue")
        assert event.payload["refund_id"] == str(part.pk)
        assert (operation.order_id, operation.reason) == (part.order_id, "by transfer")

    def test_only_of_what_has_failed(self, client: Client) -> None:
        part = self.part("refunded")
        sue = staff_who_may(client, "view_refund", "refund")
        assert b"Only a refund that has failed" in self.ask(sue, part, answered="1", reason="x")
        assert not Event.objects.exists()
        assert not Operation.objects.exists()

    def test_needs_the_permission(self, client: Client) -> None:
        part = self.part("refund_failed")
        self.ask(staff_who_may(client, "view_refund"), part, answered="1", reason="x")
        assert not Event.objects.exists()
