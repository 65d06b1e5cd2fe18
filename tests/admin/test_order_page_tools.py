"""What can be done from an order's page: export the case, and fold its status anew."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from orders.models import Order
from tests.admin.pages import words
from tests.admin.rows import a_delivery, a_failed_attempt, an_event, an_order

pytestmark = pytest.mark.django_db

SECRET = {"customer_email": "mo@example.org"}


@pytest.fixture
def order() -> Order:
    order = an_order()
    placed = an_event(order_id=order.id, payload=SECRET, producer="POST /api;\n#participant")
    a_failed_attempt(a_delivery(placed, state="parked", attempts=8, outcome="Timeout"))
    a_delivery(placed, "payments.capture", outcome="payments.PaymentCaptured")
    an_event("payments.PaymentCaptured", order_id=order.id, because_of=placed)
    return order


class TestExporting:
    def test_tells_the_answer_and_all_events_and_deliveries(self, admin_client: Client, order: Order) -> None:
        response = admin_client.get(f"/admin/orders/order/{order.pk}/case/")
        assert response["Content-Disposition"] == f'attachment; filename="{order.number}.json"'
        case = json.loads(response.content)
        assert case["order"] == {"id": str(order.pk), "number": order.number, "status": "paid"}
        placed, captured = case["events"]
        assert captured["cause"]["id"] == placed["id"]
        parked = next(one for one in placed["deliveries"] if one["state"] == "parked")
        assert (parked["outcome"], parked["failed_attempts"][0]["exception"]) == ("Timeout", "ConnectionError")

    def test_leaves_out_what_is_personal(self, admin_client: Client, order: Order) -> None:
        for name in ("case", "diagram"):
            told = admin_client.get(f"/admin/orders/order/{order.pk}/{name}/").content.decode()
            assert not any(secret in told for secret in ("mo@example.org", "Nyx", "High St"))

    def test_draws_the_sequence(self, admin_client: Client, order: Order) -> None:
        diagram = admin_client.get(f"/admin/orders/order/{order.pk}/diagram/").content.decode().splitlines()
        assert diagram[0] == "sequenceDiagram"
        assert [line.strip() for line in diagram if "participant" in line][:3] == [
            "participant outside",
            "participant orders",
            "participant inventory",
        ]
        assert "    outside->>orders: POST /api   participant" in diagram
        position = order_position(admin_client, order)
        assert f"    orders-xinventory: orders.OrderPlaced ({position}), parked" in diagram
        assert f"    orders-->>payments: orders.OrderPlaced ({position})" in diagram


def order_position(client: Client, order: Order) -> int:
    case = json.loads(client.get(f"/admin/orders/order/{order.pk}/case/").content)
    position: int = case["events"][0]["position"]
    return position


class TestFoldingAnew:
    def test_shows_the_difference_and_mends_it(self, admin_client: Client, order: Order) -> None:
        page = f"/admin/orders/order/{order.pk}/refold/"
        assert "status placed, by its events paid" in words(admin_client.get(page).content.decode())
        assert Order.objects.get(pk=order.pk).status == "placed"
        response = admin_client.post(page, follow=True)
        assert "Folded anew: " in words(response.content.decode())
        assert Order.objects.get(pk=order.pk).status == "paid"
        assert "There is nothing to do." in words(admin_client.get(page).content.decode())

    def test_takes_the_permission_to_change_orders(self, client: Client, order: Order) -> None:
        user = order.customer
        user.is_staff = True
        user.save()
        client.force_login(user)
        for ask in (client.get, client.post):
            assert ask(f"/admin/orders/order/{order.pk}/refold/").status_code == 403
        assert Order.objects.get(pk=order.pk).status == "placed"

    def test_without_events_nothing_is_changed(self, admin_client: Client) -> None:
        order = an_order(seen=["payments.PaymentCaptured"], status="paid")
        page = f"/admin/orders/order/{order.pk}/refold/"
        assert "Without events nobody can say" in words(admin_client.get(page).content.decode())
        admin_client.post(page)
        assert Order.objects.get(pk=order.pk).status == "paid"
