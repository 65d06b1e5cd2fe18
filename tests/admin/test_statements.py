"""Each page takes a constant number of SQL statements, however much there is to tell."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from outbox.models import Delivery, Event
from tests.admin.pages import look_at
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order

pytestmark = pytest.mark.django_db


def a_story(events: int) -> UUID:
    """An order with that many events, each caused by the one before and delivered twice, once in vain."""
    order_id = an_order().id
    last = an_event(order_id=order_id)
    reserve, capture = (a_reaction(id, last.name) for id in ("inventory.reserve_stock", "payments.capture"))
    for n in range(events - 1):
        a_delivery(last, reserve)
        a_failed_attempt(a_delivery(last, capture, state="parked", attempts=1))
        last = an_event(order_id=order_id, because_of=last, also_needed=[last], after=timedelta(seconds=n))
    return order_id


def statements(client: Client, view: str, *args: object) -> int:
    look_at(client, view, *args)  # what is cached for the process (content types) is not the page's
    with CaptureQueriesContext(connection) as queries:
        look_at(client, view, *args)
    return len(queries)


def test_the_order_page(admin_client: Client) -> None:
    short, long = a_story(3), a_story(60)
    assert statements(admin_client, "orders_order_change", short) == statements(
        admin_client, "orders_order_change", long
    )
    # session, user; order with customer, lines; events, causes, effects, deliveries with dispatches, attempts
    assert statements(admin_client, "orders_order_change", long) <= 9


@pytest.mark.parametrize(
    "view", ["orders_order", "outbox_event", "outbox_delivery", "outbox_dispatch", "outbox_reaction"]
)
def test_the_lists(admin_client: Client, view: str) -> None:
    a_story(3)
    few = statements(admin_client, f"{view}_changelist")
    a_story(60)
    assert statements(admin_client, f"{view}_changelist") == few


def test_the_page_of_an_event(admin_client: Client) -> None:
    order_id = a_story(3)
    event = Event.objects.filter(order_id=order_id)[1]
    few = statements(admin_client, "outbox_event_change", event.position)
    for n in range(60):
        a_failed_attempt(a_delivery(event, f"elsewhere.reaction_{n}", state="parked", attempts=1))
        an_event(order_id=order_id, because_of=event)
    assert statements(admin_client, "outbox_event_change", event.position) == few


def test_the_page_of_a_delivery(admin_client: Client) -> None:
    a_story(3)
    delivery = Delivery.objects.filter(state="parked").first()
    assert delivery is not None
    few = statements(admin_client, "outbox_delivery_change", delivery.pk)
    for n in range(2, 60):
        a_failed_attempt(delivery, n)
    assert statements(admin_client, "outbox_delivery_change", delivery.pk) == few
