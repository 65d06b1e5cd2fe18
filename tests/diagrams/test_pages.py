"""The diagrams on the pages of orders and events: what is read there, hostile content, permissions, statements."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from outbox.admin import event_history
from tests.admin.pages import look_at, main_part, words
from tests.admin.rows import a_delivery, an_event, an_order, mark_pending
from tests.diagrams.hostile import INLINE, a_hostile_order

pytestmark = pytest.mark.django_db


class TestAnOrderPage:
    def test_tells_its_story_in_three_diagrams(self, admin_client: Client) -> None:
        order = an_order()
        placed = an_event(order_id=order.id)
        reserved = an_event("inventory.StockReserved", order_id=order.id, because_of=placed, also_needed=[placed])
        a_delivery(placed, outcome="inventory.StockReserved")
        a_delivery(reserved, "payments.capture_payment", state="parked", outcome="gave up")
        page = words(main_part(look_at(admin_client, "orders_order_change", order.id)))
        assert "Waterfall of 2 events and 2 deliveries" in page
        assert "payments.capture_payment of inventory.StockReserved" in page
        assert f"also needed: orders.OrderPlaced #{placed.position}" in page
        assert f"StockReserved #{reserved.position}: from inventory to payments" in page

    def test_has_none_before_anything_happened(self, admin_client: Client) -> None:
        assert "Waterfall" not in look_at(admin_client, "orders_order_change", an_order().id)

    def test_links_each_bar_to_its_delivery(self, admin_client: Client) -> None:
        delivery = a_delivery(an_event(order_id=an_order().id))
        page = look_at(admin_client, "orders_order_change", delivery.order_id)
        drawn = page[page.index("<figure") : page.rindex("</figure>")]
        assert drawn.count(f'href="{reverse("admin:outbox_delivery_change", args=[delivery.pk])}"') >= 2

    def test_is_not_shown_to_who_may_not_see_events(self, client: Client) -> None:
        order = an_order()
        an_event(order_id=order.id)
        staff = User.objects.create_user("staff", is_staff=True)
        staff.user_permissions.add(Permission.objects.get(codename="view_order"))
        client.force_login(staff)
        assert "Waterfall" not in look_at(client, "orders_order_change", order.id)

    @pytest.mark.parametrize("kind", ["timer", "pending", "long"])
    def test_draws_every_kind_of_story(self, admin_client: Client, kind: str) -> None:
        placed = an_event(order_id=an_order().id)
        if kind == "pending":
            mark_pending(placed)
        if kind == "timer":
            a_delivery(placed, state="waiting", dispatch=None, due_at=timezone.now() + timedelta(days=2, minutes=5))
        if kind == "long":
            for n in range(120):
                a_delivery(an_event(order_id=placed.order_id, because_of=placed, after=timedelta(seconds=n)))
        page = look_at(admin_client, "orders_order_change", placed.order_id)
        assert '<figure class="diagram waterfall"' in page
        said = {"timer": "due in 2 d 0 h", "pending": "not relayed yet", "long": "121 events, each below"}[kind]
        assert said in words(page).replace("\u00a0", " ")


class TestHostileContent:
    @pytest.mark.parametrize("page", ["order", "event"])
    def test_is_only_ever_text(self, admin_client: Client, page: str) -> None:
        order_id, position = a_hostile_order()
        pages: dict[str, tuple[str, list[object]]] = {
            "order": ("orders_order_change", [order_id]),
            "event": ("outbox_event_change", [position]),
        }
        view, args = pages[page]
        drawn = main_part(look_at(admin_client, view, *args))
        assert "<script" not in drawn
        assert "&lt;script&gt;" in drawn

    def test_keeps_to_the_line_and_direction_of_its_label(self, admin_client: Client) -> None:
        order_id, _ = a_hostile_order()
        page = look_at(admin_client, "orders_order_change", order_id)
        drawings = re.findall(r"<svg.*?</svg>", page[page.index("<figure") : page.rindex("</figure>")], re.S)
        labels = [label for svg in drawings for label in re.findall(r"<text[^>]*>([^<]*)<", svg)]
        assert labels
        assert all(len(label) < 250 and "\u202e" not in label and "\n" not in label for label in labels)


def test_no_page_has_a_style_or_script_of_its_own(admin_client: Client) -> None:
    order_id, position = a_hostile_order()
    for view, args in (("orders_order_change", [order_id]), ("outbox_event_change", [position])):
        drawn = main_part(look_at(admin_client, view, *args))
        assert not INLINE.search(re.sub(r"(?s)<title>.*?</title>", "", drawn))


def test_the_diagrams_ask_the_database_nothing() -> None:
    placed = an_event(order_id=an_order().id)
    for n in range(30):
        a_delivery(an_event(order_id=placed.order_id, because_of=placed, after=timedelta(seconds=n)))
    history = event_history(placed.order_id)
    with CaptureQueriesContext(connection) as asked:
        drawn = render_to_string("outbox/diagrams.html", {"history": history})
    assert "<svg" in drawn
    assert len(asked) == 0
