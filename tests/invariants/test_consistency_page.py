"""The page of consistency: examined when somebody asks, within a time, with links to what breaks a promise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from config import consistency
from config.invariants import INVARIANTS
from config.invariants.bounded import ONE_AT_A_TIME, examine_within
from outbox.models import Event
from tests.admin.pages import main_part, words
from tests.domain.journeys import bring_to_the_end, order
from tests.outbox.threads import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


def examine(client: Client) -> str:
    response = client.post(reverse("consistency"))
    assert response.status_code == 200
    return response.content.decode()


def test_shows_the_promises_and_examines_nothing_by_itself(admin_client: Client) -> None:
    page = words(admin_client.get(reverse("consistency")).content.decode())
    assert page.count("not examined yet") == len(INVARIANTS)


def test_says_that_all_of_them_hold(admin_client: Client) -> None:
    order()
    bring_to_the_end()
    page = words(examine(admin_client))
    assert "nothing is violated" in page
    assert page.count("✓ holds") == len(INVARIANTS)


def test_links_to_what_breaks_a_promise(admin_client: Client) -> None:
    order_id = order()
    bring_to_the_end()
    event = Event.objects.get(name="orders.OrderPlaced")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET status = 'paid'")
        cursor.execute("DELETE FROM outbox_delivery WHERE event_id = %s", [event.pk])
        cursor.execute("UPDATE inventory_stock SET sku = '<script>' || sku, reserved = reserved + 1")
    html = main_part(examine(admin_client))
    assert "! violated" in words(html)
    assert f'href="{reverse("admin:orders_order_change", args=[order_id])}"' in html
    assert f'href="{reverse("admin:outbox_event_change", args=[event.pk])}"' in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html


def test_says_for_what_there_was_no_time(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consistency, "LIMIT", timedelta(0))
    page = words(examine(admin_client))
    assert page.count("– not examined") == len(INVARIANTS)  # noqa: RUF001  # a dash on purpose
    assert "there was no time left for it" in page


def test_a_statement_that_takes_too_long_is_given_up_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "config.invariants.bounded.examine"
    monkeypatch.setattr(slow, lambda invariant: connection.cursor().execute("SELECT pg_sleep(60)"))
    assert all(one.why_not for one in examine_within(timedelta(seconds=0.5)))


def test_is_examined_by_one_at_a_time(admin_client: Client) -> None:
    def hold() -> str:
        return words(examine(admin_client))

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        assert "Somebody else is examining it" in elsewhere(hold)


def test_needs_a_permission_to_be_examined(client: Client) -> None:
    user = User.objects.create_user("sue", is_staff=True)
    looking = Permission.objects.filter(codename__in=["view_event", "view_delivery", "view_order"])
    assert looking
    user.user_permissions.set(looking)
    client.force_login(user)
    assert "needs the permission outbox.examine" in words(client.get(reverse("consistency")).content.decode())
    assert client.post(reverse("consistency")).status_code == 403
