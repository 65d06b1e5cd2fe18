"""The choreography map: what it shows, what it costs, who may see it, and what can be taken away."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from outbox.diagrams import observed
from outbox.diagrams.observed import observed_within
from tests.admin.pages import look_at, main_part, words
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order
from tests.diagrams.hostile import INLINE, a_hostile_order

pytestmark = pytest.mark.django_db

SVG = "{http://www.w3.org/2000/svg}"


class TestTheMap:
    def test_shows_what_was_seen_lately(self, admin_client: Client) -> None:
        for n in range(3):
            moment = timezone.now() - timedelta(minutes=n)
            a_delivery(an_event(order_id=an_order().id, occurred_at=moment))
        page = words(main_part(look_at(admin_client, "outbox_choreography")))
        assert "inventory.reserve_stock hears orders.OrderPlaced: 3 times" in page
        assert "payments.capture_payment hears orders.OrderPlaced: not seen" in page

    def test_of_an_hour_leaves_out_what_is_older(self, admin_client: Client) -> None:
        an_event(order_id=an_order().id, occurred_at=timezone.now() - timedelta(hours=2))
        for window, count in (("hour", "not seen"), ("day", "once"), ("nonsense", "once")):
            page = words(look_at(admin_client, "outbox_choreography", window=window))
            assert f"orders.use cases publishes orders.OrderPlaced: {count}" in page

    def test_says_when_it_looked_at_the_latest_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(observed, "MOST_EVENTS", 2)
        for _ in range(2):
            an_event(order_id=an_order().id, occurred_at=timezone.now())
        assert observed_within(timedelta(hours=1)).is_capped
        monkeypatch.setattr(observed, "MOST_EVENTS", 3)
        assert not observed_within(timedelta(hours=1)).is_capped

    def test_counts_failures_and_measures_from_due_to_done(self) -> None:
        moment = timezone.now()
        a_failed_attempt(a_delivery(an_event(order_id=an_order().id, occurred_at=moment), attempts=1))
        handled = observed_within(timedelta(hours=1)).reactions["inventory.reserve_stock"]
        assert (handled.count, handled.failed) == (1, 1)
        assert handled.p95 == timedelta(milliseconds=35)

    def test_names_the_declared_closing_events_as_complete(self, admin_client: Client) -> None:
        page = words(look_at(admin_client, "outbox_choreography"))
        assert "open book" not in page
        assert "unpublished" not in page

    def test_takes_a_constant_number_of_statements(self, admin_client: Client) -> None:
        look_at(admin_client, "outbox_choreography")
        with CaptureQueriesContext(connection) as few:
            look_at(admin_client, "outbox_choreography")
        for n in range(30):
            event = an_event(f"app{n}.Happened", order_id=an_order().id, occurred_at=timezone.now())
            a_delivery(event, a_reaction(f"app{n}.react", event.name))
        with CaptureQueriesContext(connection) as many:
            look_at(admin_client, "outbox_choreography")
        assert len(many) == len(few) == 6  # session, user; reactions, subscriptions; events, deliveries

    def test_is_linked_from_the_index_and_from_the_reactions(self, admin_client: Client) -> None:
        link = f'href="{reverse("admin:outbox_choreography")}"'
        assert link in look_at(admin_client, "index")
        assert link in look_at(admin_client, "outbox_reaction_changelist")

    @pytest.mark.parametrize("view", ["outbox_choreography", "outbox_choreography_svg", "outbox_choreography_mermaid"])
    def test_needs_the_permission_to_see_events(self, client: Client, view: str) -> None:
        client.force_login(User.objects.create_user("staff", is_staff=True))
        assert client.get(reverse(f"admin:{view}")).status_code == 403

    def test_takes_hostile_content_for_text_and_has_no_style_or_script_of_its_own(self, admin_client: Client) -> None:
        a_hostile_order()
        drawn = main_part(look_at(admin_client, "outbox_choreography"))
        assert "&lt;script&gt;" in drawn
        assert not INLINE.search(drawn)

    def test_as_a_file_is_whole_without_a_stylesheet(self, admin_client: Client) -> None:
        a_hostile_order()
        response = admin_client.get(reverse("admin:outbox_choreography_svg"))
        assert response["Content-Type"] == "image/svg+xml"
        assert response["Content-Disposition"] == 'attachment; filename="choreography.svg"'
        root = ElementTree.fromstring(response.content.decode())
        assert root.tag == f"{SVG}svg"
        assert root.find(f".//{SVG}a") is None
        assert "inventory.reserve_stock hears orders.OrderPlaced: not seen" in "".join(root.itertext())

    def test_as_mermaid_names_every_reaction(self, admin_client: Client) -> None:
        chart = admin_client.get(reverse("admin:outbox_choreography_mermaid")).content.decode()
        assert '["reserve_stock"]' in chart
        assert '(["orders.OrderPlaced"])' in chart
