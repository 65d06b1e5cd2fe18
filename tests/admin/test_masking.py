"""Personal fields: hidden on every page, revealed with a reason for a while, and that is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from notifications.models import Addressee
from orders.models import Order
from outbox.admin import masking
from outbox.admin.masking import masked
from outbox.models import Event, Operation
from outbox.relay.fan_out import fan_out
from shipping.models import Shipment
from tests.admin.pages import look_at, read, words
from tests.admin.rows import an_event, an_order, mark_pending
from tests.admin.staff import staff, sue

__all__ = ["sue"]
pytestmark = pytest.mark.django_db

PERSONAL = ["Mo Nyx", "1 High St", "York", "YO1 7HH", "mo@example.org"]
ADDRESS = {"recipient": "Mo Nyx", "lines": ["1 High St"], "locality": "York", "country": "GB", "postal_code": "YO1 7HH"}


@pytest.fixture
def order() -> Order:
    return an_order(number="ORD-1", ship_to=ADDRESS)


@pytest.fixture
def placed(order: Order) -> Event:
    payload = {"number": "ORD-1", "customer_email": "mo@example.org", "ship_to": ADDRESS, "order_id": str(order.pk)}
    return an_event(order_id=order.pk, payload=payload)


@pytest.fixture
def auditor(client: Client) -> Client:
    return staff(client, "view_sensitive_payload")


def reveal(client: Client, order: Order, **form: str) -> str:
    return words(client.post(reverse("admin:outbox_reveal", args=[order.pk]), form, follow=True).content.decode())


class TestAPayload:
    def test_hides_what_is_declared_personal_to_any_depth(self) -> None:
        payload = {"number": "ORD-1", "customer_email": "mo@example.org", "ship_to": ADDRESS, "total": {"amount": 1}}
        assert masked("orders.OrderPlaced", payload) == {
            "number": "ORD-1",
            "customer_email": "m•••@•••.org",
            "ship_to": {
                "recipient": "•••••",
                "lines": "•••••",
                "locality": "•••••",
                "country": "GB",
                "postal_code": "•••••",
            },
            "total": {"amount": 1},
        }

    def test_hides_what_nobody_declares(self) -> None:
        assert masked("orders.OrderPlaced", {"phone": "1", "number": "2"}) == {"phone": "•••••", "number": "2"}
        assert masked("gone.Happened", {"order_id": "1", "name": "Mo"}) == {"order_id": "1", "name": "•••••"}

    @pytest.mark.parametrize("payload", [None, [], "x", 1, {"ship_to": None}, {"ship_to": "x"}, {"lines": {"a": 1}}])
    def test_of_another_shape_breaks_nothing(self, payload: Any) -> None:
        masked("orders.OrderPlaced", payload)
        masked("gone.Happened", payload)

    def test_says_that_there_is_nothing_when_there_is_nothing(self) -> None:
        assert masked("shipping.ShipmentDelivered", {"signed_by": ""}) == {"signed_by": ""}


class TestPages:
    def test_hide_it_even_from_superusers(self, admin_client: Client, order: Order, placed: Event) -> None:
        Addressee.objects.create(order_id=order.pk, number="ORD-1", email="mo@example.org", name="Mo Nyx", lines=[])
        shipment = Shipment.objects.create(order_id=order.pk, ship_to=ADDRESS)
        pages = [
            look_at(admin_client, "orders_order_changelist"),
            look_at(admin_client, "orders_order_change", order.pk),
            look_at(admin_client, "outbox_event_change", placed.pk),
            look_at(admin_client, "notifications_addressee_changelist"),
            look_at(admin_client, "notifications_addressee_change", order.pk),
            look_at(admin_client, "shipping_shipment_change", shipment.pk),
        ]
        for page in pages:
            assert [one for one in PERSONAL if one in page] == []
        assert "m•••@•••.org" in pages[0]

    def test_still_find_an_order_by_its_address(self, admin_client: Client, placed: Event) -> None:
        mark_pending(placed)
        fan_out()
        assert "ORD-1" in read(admin_client, "orders_order_changelist", q="mo@example.org")


class TestRevealing:
    def test_shows_this_order_to_this_user_and_is_kept(self, auditor: Client, order: Order, placed: Event) -> None:
        other = an_order(number="ORD-2", ship_to=ADDRESS)
        shown = reveal(auditor, order, answered="1", reason="she asks where it goes")
        assert [one for one in PERSONAL if one not in shown] == []
        assert "Mo Nyx" in look_at(auditor, "outbox_event_change", placed.pk)
        assert "Mo Nyx" not in look_at(auditor, "orders_order_change", other.pk)
        operation = Operation.objects.get()
        assert (operation.kind, operation.actor, operation.order_id) == ("reveal", "staff:sue", order.pk)
        assert operation.reason == "she asks where it goes"
        assert LogEntry.objects.filter(content_type__model="operation", object_id=str(operation.pk)).exists()
        assert "reveal personal fields" in shown

    def test_is_over_after_a_while(
        self, auditor: Client, order: Order, placed: Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(masking, "REVEALED_FOR", -1)
        assert "Mo Nyx" not in reveal(auditor, order, answered="1", reason="x")

    def test_can_be_ended(self, auditor: Client, order: Order, placed: Event) -> None:
        reveal(auditor, order, answered="1", reason="x")
        assert "Mo Nyx" not in reveal(auditor, order, answered="1")
        assert Operation.objects.count() == 1

    def test_needs_a_reason_and_a_post(self, auditor: Client, order: Order, placed: Event) -> None:
        assert "This field is required." in reveal(auditor, order, answered="1", reason=" ")
        auditor.get(reverse("admin:outbox_reveal", args=[order.pk]), {"answered": "1", "reason": "x"})
        assert "Mo Nyx" not in look_at(auditor, "orders_order_change", order.pk)
        assert not Operation.objects.exists()

    def test_needs_the_permission(self, sue: Client, order: Order, placed: Event) -> None:
        assert sue.get(reverse("admin:outbox_reveal", args=[order.pk])).status_code == 403
        told = read(sue, "orders_order_change", order.pk)
        assert "Reveal personal fields needs the permission outbox.view_sensitive_payload" in told
