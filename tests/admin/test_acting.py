"""What staff may do: ask for an order to be cancelled, and try a failed refund again. Everybody else may not."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from orders.models import CancellationRequest, Order
from outbox.models import Event
from payments.models import Payment
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

    def ask(self, client: Client, payment: Payment) -> bytes:
        form = {"action": "refund_again", "_selected_action": [str(payment.pk)]}
        return client.post("/admin/payments/payment/", form, follow=True).content

    def test_starts_under_a_new_key(self, client: Client) -> None:
        payment = self.payment("refund_failed")
        sue = staff_who_may(client, "view_payment", "refund")
        assert b"1 refunds started" in self.ask(sue, payment)
        payment.refresh_from_db()
        assert (payment.state, payment.refund_key) == ("refunding", f"{payment.pk}:refund:2")
        event = Event.objects.get()
        assert (event.name, event.actor) == ("payments.PaymentRefundStarted", "staff:sue")

    def test_only_of_what_has_failed(self, client: Client) -> None:
        payment = self.payment("captured")
        assert b"Only a refund that has failed" in self.ask(staff_who_may(client, "view_payment", "refund"), payment)
        assert not Event.objects.exists()

    def test_needs_the_permission(self, client: Client) -> None:
        payment = self.payment("refund_failed")
        self.ask(staff_who_may(client, "view_payment"), payment)
        assert not Event.objects.exists()
