"""The admin's first page: whether everything flows, for whoever may see it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outbox.heartbeats import beat
from outbox.models import Delivery, Heartbeat, Reaction
from tests.admin.pages import look_at, read
from tests.admin.rows import a_delivery, a_reaction, an_event, an_order, mark_pending

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alive() -> None:
    """A relay, and a worker that serves every queue."""
    beat("relay@here:1", "relay")
    beat("worker@here:2", "worker", list(Reaction.objects.values_list("queue", flat=True).distinct()))


def a_late_one() -> Delivery:
    """An order of two minutes ago: one delivery is parked, and one is due since 42 s."""
    event = an_event(order_id=an_order(status_since=timezone.now() - timedelta(minutes=2)).id)
    a_delivery(event, "payments.capture", state="parked")
    waiting = a_reaction("inventory.reserve_stock", event.name)
    return a_delivery(event, waiting, state="waiting", due_at=timezone.now() - timedelta(seconds=42), dispatch=None)


def test_says_that_all_is_well(admin_client: Client) -> None:
    page = read(admin_client, "index")
    assert "oldest unpublished event ✓ – oldest undelivered ✓ – parked ✓ 0" in page  # noqa: RUF001
    assert "relays ✓ 1 alive workers ✓ 1 alive overdue orders ✓ 0 orders with open books ✓ 0" in page
    assert "placed 0 none reserved 0 none paid 0 none shipped in 24 h 0 none" in page
    assert "sign of life" not in page


def test_says_what_waits(admin_client: Client) -> None:
    late = a_late_one()
    mark_pending(an_event(order_id=late.order_id, occurred_at=timezone.now() - timedelta(minutes=3)))
    html = look_at(admin_client, "index")
    page = read(admin_client, "index")
    assert (
        "oldest unpublished event ! 3\xa0min" in page.replace(" 0\xa0s", "")
        or "oldest unpublished event ! 3 min" in page
    )
    assert re.search(r"oldest undelivered ! 4\d\.\d\ss", page)  # the first page of a process takes a second
    assert "parked ! 1 " in page
    assert "overdue orders ! 1 " in page
    assert "placed 1 p95 age 2 min" in page
    for link in ("?state__exact=parked", "?attention=overdue", "?status__exact=placed"):
        assert link in html


def test_says_how_long_shipping_takes(admin_client: Client) -> None:
    now = timezone.now()
    an_order(status="shipped", placed_at=now - timedelta(seconds=9), status_since=now - timedelta(seconds=2))
    an_order(status="shipped", placed_at=now - timedelta(days=3), status_since=now - timedelta(days=2))
    assert "shipped in 24 h 1 p95 from placed 7.0 s" in read(admin_client, "index").replace("\xa0", " ")


def test_gives_alarm_when_the_relay_is_silent(admin_client: Client) -> None:
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=4, seconds=11), queues=[])
    page = read(admin_client, "index").replace("\xa0", " ")
    silent = r"No relay has given a sign of life for 4 min 1\d s: no event goes on to any reaction until one runs\."
    assert re.search(silent, page)
    assert "No worker serves" in page
    assert "relays ! 0 alive, 1 silent" in page


def test_shows_to_each_what_they_may_see(client: Client) -> None:
    client.force_login(User.objects.create_user("sue", is_staff=True))
    a_late_one()
    page = read(client, "index")
    assert "parked" not in page
    assert "placed" not in page
    assert "sign of life" not in page


def test_takes_a_constant_number_of_statements(admin_client: Client) -> None:
    taken = []
    for times in (1, 20):
        for _ in range(times):
            a_late_one()
        look_at(admin_client, "index")
        with CaptureQueriesContext(connection) as queries:
            look_at(admin_client, "index")
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 7  # session, user, the log of recent actions; and four of the panel's
