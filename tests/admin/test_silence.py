"""The page of silence: contracts that are broken although no error says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from outbox.models import Delivery, Event, Subscription
from tests.admin.pages import look_at, main_part, read
from tests.admin.rows import a_delivery, a_reaction, an_event, an_order, mark_pending

pytestmark = pytest.mark.django_db

CONTRACT = {"emits": ["payments.PaymentCaptured"], "within_s": 30.0}


@pytest.fixture(autouse=True)
def nobody_else_listens() -> None:
    Subscription.objects.all().delete()


def capture(event: Event, *, state: str = "done", outcome: str = "", **given: object) -> Delivery:
    reaction = a_reaction("payments.capture", event.name, contract=CONTRACT)
    return a_delivery(event, reaction, state=state, outcome=outcome, **given)


def an_answered_one() -> Event:
    event = an_event(order_id=an_order().id)
    capture(event)
    an_event("payments.PaymentCaptured", order_id=event.order_id, because_of=event, producer="payments.capture")
    return event


def test_is_empty_when_everybody_answers(admin_client: Client) -> None:
    an_answered_one()
    page = read(admin_client, "outbox_silence")
    assert "Every reaction that has handled an event has answered it." in page
    assert "Nothing has waited for longer" in page
    assert "Every answer was one that its contract declares." in page


def test_names_what_was_handled_and_never_answered(admin_client: Client) -> None:
    silent = capture(an_event(order_id=an_order().id))
    html = look_at(admin_client, "outbox_silence")
    page = read(admin_client, "outbox_silence")
    assert f"! silence …{str(silent.order_id)[-12:]} : payments handled orders.OrderPlaced" in page
    assert "PaymentCaptured. No error was raised" in page
    assert f"{reverse('admin:outbox_delivery_operate', args=['redeliver'])}?deliveries={silent.pk}" in html


def test_names_what_went_past_somebody_who_listens(admin_client: Client) -> None:
    a_reaction("payments.capture", "orders.OrderPlaced", contract=CONTRACT)
    missed = an_event(order_id=an_order().id)
    mark_pending(an_event(order_id=an_order().id))
    page = read(admin_client, "outbox_silence")
    assert page.count("! never delivered") == 1
    assert (
        f"…{str(missed.order_id)[-12:]} : payments.capture listens to orders.OrderPlaced and has never got it" in page
    )


def test_names_joins_whose_other_event_cannot_come(admin_client: Client) -> None:
    stranded, waiting, cancelled = (an_event(order_id=an_order().id) for _ in range(3))
    for event in (stranded, waiting, cancelled):
        capture(event, outcome="waits for inventory.StockReserved")
    reserve = a_reaction("inventory.reserve_stock", contract={"emits": ["inventory.StockReserved"], "within_s": 30.0})
    a_delivery(waiting, reserve, state="waiting", due_at=timezone.now(), dispatch=None)
    an_event("orders.OrderCancelled", order_id=cancelled.order_id)
    page = read(admin_client, "outbox_silence")
    assert page.count("! stranded") == 1
    assert f"! stranded …{str(stranded.order_id)[-12:]}" in page


def test_names_what_is_late_and_what_drifted(admin_client: Client) -> None:
    late = timezone.now() - timedelta(minutes=1)
    capture(an_event(order_id=an_order().id), state="waiting", due_at=late, dispatch=None)
    event = an_answered_one()
    Delivery.objects.filter(event=event).update(drift="emitted <script>alert(1)</script>")
    html = main_part(look_at(admin_client, "outbox_silence"))
    page = read(admin_client, "outbox_silence")
    assert "payments.capture ○ waiting" in page
    assert "emitted <script>alert(1)</script>" in page
    assert "<script" not in html


def test_names_what_nobody_hears(admin_client: Client) -> None:
    for _ in range(3):
        an_event("elsewhere.Happened", order_id=an_order().id)
    assert "elsewhere.Happened 3 of the latest" in read(admin_client, "outbox_silence")


def test_is_for_whoever_may_see_events_and_deliveries(client: Client) -> None:
    client.force_login(User.objects.create_user("sue", is_staff=True))
    assert client.get(reverse("admin:outbox_silence")).status_code == 403


def test_takes_a_constant_number_of_statements(admin_client: Client) -> None:
    taken = []
    for times in (1, 60):
        for _ in range(times):
            silent = capture(an_event(order_id=an_order().id))
            Delivery.objects.filter(pk=silent.pk).update(drift="x")
            late = timezone.now() - timedelta(minutes=1)
            capture(an_event(order_id=an_order().id), state="waiting", due_at=late, dispatch=None)
        look_at(admin_client, "outbox_silence")
        with CaptureQueriesContext(connection) as queries:
            look_at(admin_client, "outbox_silence")
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 15
