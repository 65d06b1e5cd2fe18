"""The lists: what they show, and how they are searched and filtered."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from notifications.models import Mail
from orders.models import Order, Product
from outbox.admin import BoundedPaginator, links
from outbox.heartbeats import beat
from outbox.models import Dispatch, Event, Heartbeat, RejectedMessage, Subscription
from outbox.subscriptions import ASLEEP
from tests.admin.pages import read
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order

pytestmark = pytest.mark.django_db

NOTHING_YET = " ".join(f"○ {stage} : nothing yet" for stage in ("stock", "pay", "ship", "mail"))


class TestOrders:
    def test_show_number_customer_status_age_and_total(self, admin_client: Client) -> None:
        an_order(number="ORD-1", status="paid", status_since=timezone.now() - timedelta(hours=2, minutes=5))
        an_order(number="ORD-2", currency="JPY", total=1234567, customer_email="yo@example.org")
        page = read(admin_client, "orders_order_changelist")
        assert f"ORD-1 m•••@•••.org ◑ paid 2 h 5 min - {NOTHING_YET} 2025-11-22 14:02:11.123 39.98 EUR" in page
        assert "1,234,567 JPY" in page

    def test_say_what_they_wait_for(self, admin_client: Client) -> None:
        Subscription.objects.all().delete()
        stuck, moving, timed, shipped = (an_order(number=f"ORD-{n}", status="paid") for n in range(1, 5))
        Order.objects.filter(pk=shipped.pk).update(status="shipped")
        for order in (stuck, moving, timed, shipped):
            an_event(order_id=order.id, occurred_at=timezone.now() - timedelta(minutes=5))
        of = {event.order_id: event for event in Event.objects.all()}
        emits = {"emits": ["payments.PaymentCaptured"], "within_s": 60.0}
        capture = a_reaction("payments.capture", "orders.OrderPlaced", contract=emits)
        beat("relay@here:1", "relay")
        beat("worker@here:2", "worker", ["payments"])
        a_delivery(of[stuck.id], capture, state="parked")
        a_delivery(of[moving.id], capture, state="waiting", dispatch=None)
        a_delivery(of[timed.id], capture, state="waiting", due_at=timezone.now() + timedelta(hours=1), dispatch=None)
        page = read(admin_client, "orders_order_changelist")
        assert re.search(rf"ORD-1 .* ! parked payments for 5 min \d s {NOTHING_YET} 2025", page)
        assert re.search(rf"ORD-2 .* payments for 5 min \d s {NOTHING_YET} 2025", page)
        assert re.search(rf"ORD-3 m•••@•••.org ◑ paid [\d dh]+ - {NOTHING_YET} 2025", page)
        assert re.search(rf"ORD-4 m•••@•••.org ✓ shipped [\d dh]+ - {NOTHING_YET} 2025", page)

    @pytest.mark.parametrize("term", ["ORD-1", "ord-1", "the id"])
    def test_are_found_by_number_or_id(self, admin_client: Client, term: str) -> None:
        order = an_order(number="ORD-1")
        an_order(number="ORD-2", customer_email="yo@other.org")
        page = read(admin_client, "orders_order_changelist", q=str(order.pk) if term == "the id" else term)
        assert "1 order " in page
        assert "ORD-1" in page

    def test_are_filtered_by_status_and_date(self, admin_client: Client) -> None:
        an_order(number="ORD-1", status="cancelling")
        an_order(number="ORD-2", placed_at=timezone.now())
        assert "ORD-2" not in read(admin_client, "orders_order_changelist", status__exact="cancelling")
        today = {"placed_at__gte": timezone.now().replace(hour=0).isoformat(sep=" ")}
        assert "ORD-1" not in read(admin_client, "orders_order_changelist", **today)


class TestEvents:
    def test_are_filtered_by_app_name_and_cause(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id)
        an_event("orders.OrderCancelled", order_id=placed.order_id, because_of=placed)
        an_event("elsewhere.Happened", order_id=placed.order_id, cause_kind="system")
        assert "2 events" in read(admin_client, "outbox_event_changelist", app="orders")
        assert "1 event " in read(admin_client, "outbox_event_changelist", name="orders.OrderCancelled")
        assert "1 event " in read(admin_client, "outbox_event_changelist", cause_kind__exact="event")

    def test_are_found_by_position_name_order_or_id(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id)
        an_event("orders.OrderCancelled", order_id=an_order().id)
        for term in (f"#{placed.position}", placed.position, "orders.orderplaced", placed.order_id, placed.id):
            page = read(admin_client, "outbox_event_changelist", q=term)
            assert "1 event " in page, term
            assert f"request req-1, by POST /api/v1/orders …{str(placed.order_id)[-12:]}" in page, term


class TestAnEventsPage:
    def test_shows_envelope_payload_and_deliveries(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id, payload={"number": "ORD-1"}, traceparent="00-ab-cd-01")
        a_delivery(placed, outcome="waits for inventory.StockReserved")
        page = read(admin_client, "outbox_event_change", placed.position)
        for said in (
            str(placed.id),
            str(placed.order_id),
            "00-ab-cd-01",
            '{ "number": "ORD-1" }',
            "because of the HTTP",
        ):
            assert said in page
        assert "inventory.reserve_stock ✓ done 0" in page

    def test_is_found_by_position_and_by_id(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id)
        assert read(admin_client, "outbox_event_change", placed.id) == read(
            admin_client, "outbox_event_change", placed.position
        )

    def test_links_to_the_orders_page(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id)
        page = admin_client.get(f"/admin/outbox/event/{placed.position}/change/").content.decode()
        assert f'href="/admin/orders/order/{placed.order_id}/change/"' in page

    def test_links_to_the_orders_events_where_no_app_has_an_orders_page(
        self, admin_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(links, "_order_page", None)
        placed = an_event(order_id=an_order().id)
        page = admin_client.get(f"/admin/outbox/event/{placed.position}/change/").content.decode()
        assert f'href="/admin/outbox/event/?q={placed.order_id}"' in page


class TestDeliveries:
    def test_are_filtered_by_state_reaction_and_app(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id)
        a_delivery(placed, "inventory.reserve_stock", state="parked", outcome="ValueError: no such SKU")
        a_delivery(placed, "payments.capture")
        for query in (
            {"state__exact": "parked"},
            {"reaction__id__exact": "inventory.reserve_stock"},
            {"reaction__app": "inventory"},
            {"q": "inventory.reserve_stock"},
        ):
            page = read(admin_client, "outbox_delivery_changelist", **query)
            assert "1 delivery " in page, query
            assert "✕ parked inventory.reserve_stock" in page, query
            assert "ValueError: no such SKU" in page, query

    def test_are_found_by_order(self, admin_client: Client) -> None:
        placed = an_event(order_id=an_order().id)
        a_delivery(placed)
        a_delivery(an_event(order_id=an_order().id))
        assert "1 delivery " in read(admin_client, "outbox_delivery_changelist", q=placed.order_id)

    def test_have_a_page_with_their_failed_attempts(self, admin_client: Client) -> None:
        delivery = a_delivery(an_event(order_id=an_order().id), state="parked", attempts=1)
        a_failed_attempt(delivery)
        page = read(admin_client, "outbox_delivery_change", delivery.pk)
        assert "✕ parked needs an operator" in page
        assert "Attempt 1 failed at 2025-11-22 14:02:12.123 : ConnectionError the provider hung up" in page
        assert "Traceback (most recent call last): File …" in page
        assert f"in dispatch {delivery.dispatch_id} of 1" in page


class TestTheOthers:
    def test_reactions_show_what_they_hear_and_promise(self, admin_client: Client) -> None:
        contract = {"reads": {"orders.OrderPlaced": ["lines"]}, "emits": ["inventory.StockReserved"], "within_s": 30.0}
        a_reaction("inventory.try_it", "orders.OrderPlaced", contract=contract, source="inventory/reactions.py:12")
        row = "inventory.try_it ▶ running orders.OrderPlaced inventory.StockReserved 30 s"
        assert row in read(admin_client, "outbox_reaction_changelist")
        page = read(admin_client, "outbox_reaction_change", "inventory.try_it")
        assert "orders.OrderPlaced : lines" in page
        assert "inventory/reactions.py:12" in page

    def test_mails_are_filtered_by_template_whatever_each_is_about(self, admin_client: Client) -> None:
        about = (f"partly_refunded.{uuid4()}", f"partly_refunded.{uuid4()}", "refunded", "paid")
        Mail.objects.bulk_create(Mail(order_id=uuid4(), template=template) for template in about)
        for template, found in (("partly_refunded", "2 mails "), ("refunded", "1 mail "), ("placed", "0 mails ")):
            assert found in read(admin_client, "notifications_mail_changelist", template=template), template
        page = read(admin_client, "notifications_mail_changelist", template="partly_refunded")
        assert about[0] in page
        assert about[0] in read(admin_client, "notifications_mail_change", Mail.objects.get(template=about[0]).pk)

    def test_reactions_say_that_they_sleep(self, admin_client: Client) -> None:
        a_reaction("inventory.try_it", "orders.OrderPlaced").subscriptions.update(since=ASLEEP)
        assert "orders.OrderPlaced , asleep nothing" in read(admin_client, "outbox_reaction_changelist")

    def test_a_heartbeat_says_who_is_silent(self, admin_client: Client) -> None:
        now = timezone.now()
        Heartbeat.objects.create(name="relay@a", kind="relay", beat_at=now, started_at=now)
        Heartbeat.objects.create(name="worker@b", kind="worker", beat_at=now - timedelta(minutes=4), started_at=now)
        Heartbeat.objects.create(name="worker@c", kind="worker", beat_at=now, started_at=now, note="broker down")
        page = read(admin_client, "outbox_heartbeat_changelist")
        assert "relay@a relay ✓ alive" in page
        assert "worker@b worker ✕ silent 4 min" in page
        assert "worker@c worker ! hindered" in page
        assert "✓ alive" in read(admin_client, "outbox_heartbeat_change", "relay@a")

    def test_dispatches_show_how_long_they_queued_and_ran(self, admin_client: Client) -> None:
        a_delivery(an_event(order_id=an_order().id))
        assert "✓ closed 2025-11-22 14:02:11.127 6 ms 25 ms" in read(admin_client, "outbox_dispatch_changelist")
        page = read(admin_client, "outbox_dispatch_change", Dispatch.objects.get().pk)
        assert "worker@host-1" in page

    def test_rejected_messages_are_shown_whole_on_their_page(self, admin_client: Client) -> None:
        message = RejectedMessage.objects.create(queue="orders", reason="not JSON", body="z" * 4000)
        assert "not JSON" in read(admin_client, "outbox_rejectedmessage_changelist")
        assert "z" * 4000 in read(admin_client, "outbox_rejectedmessage_change", message.pk)

    def test_products_show_their_price(self, admin_client: Client) -> None:
        Product.objects.create(sku="DINAR", name="Dinar thing", unit_price=1234567, currency="KWD")
        assert "1,234.567 KWD" in read(admin_client, "orders_product_changelist")


def test_long_lists_are_counted_only_so_far(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedPaginator, "most", 2)
    for _ in range(3):
        an_order()
    assert "first 2 only" in read(admin_client, "orders_order_changelist")


BAD: list[dict[str, Any]] = [
    {"q": "\x00"},
    {"state__exact": "\x00"},
    {"state\x00": "parked"},
    {"p": "999"},
    {"p": "x"},
    {"reaction__id__exact": "nobody"},
    {"q": "9" * 40},
    {"q": "²"},
]


@pytest.mark.parametrize("query", BAD)
@pytest.mark.parametrize("view", ["outbox/delivery", "outbox/event", "orders/order"])
def test_bad_queries_are_answered(admin_client: Client, view: str, query: dict[str, Any]) -> None:
    assert admin_client.get(f"/admin/{view}/", query, follow=True).status_code == 200
