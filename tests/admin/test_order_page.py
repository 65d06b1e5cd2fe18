"""The order page tells the story of an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from orders.models import Order
from outbox.heartbeats import beat
from outbox.models import Dispatch, Event, Subscription
from tests.admin.pages import look_at, main_part, read
from tests.admin.rows import (
    a_delivery,
    a_dispatch,
    a_failed_attempt,
    a_reaction,
    an_event,
    an_order,
    mark_pending,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_else_listens(db: None) -> None:
    """The real reactions would be missed: these events were not fanned out to them."""
    Subscription.objects.all().delete()


@pytest.fixture
def order() -> Order:
    return an_order()


@pytest.fixture
def placed(order: Order) -> Event:
    return an_event(order_id=order.id, payload={"number": order.number, "total": {"amount": 3998, "currency": "EUR"}})


class TestAnOrder:
    def test_shows_status_customer_money_lines_and_address(self, admin_client: Client, order: Order) -> None:
        page = read(admin_client, "orders_order_change", order.pk)
        assert "placed for " in page
        assert "mo · m•••@•••.org" in page
        assert "Total 39.98 EUR" in page
        assert "MUG-BLUE Blue mug 2 19.99 EUR 39.98 EUR" in page
        assert "Ship to •••••, •••••, GB" in page

    def test_without_events_says_so(self, admin_client: Client, order: Order) -> None:
        assert "No events yet" in read(admin_client, "orders_order_change", order.pk)

    def test_with_an_incomplete_address_is_still_shown(self, admin_client: Client) -> None:
        assert "Ship to GB Order id" in read(
            admin_client, "orders_order_change", an_order(ship_to={"country": "GB"}).pk
        )


class TestAnEvent:
    def test_is_told_in_order_with_its_time_and_what_caused_it(
        self, admin_client: Client, order: Order, placed: Event
    ) -> None:
        reserved = an_event("inventory.StockReserved", order_id=order.id, because_of=placed, after=timedelta(seconds=2))
        page = read(admin_client, "orders_order_change", order.pk)
        story = page[page.index("Event history") :]
        assert f"+0 ms 2025-11-22 14:02:11.123 orders.OrderPlaced #{placed.position}" in story
        assert "because of the HTTP request req-1 · by POST /api/v1/orders · actor mo" in story
        assert f"+2.0 s 2025-11-22 14:02:13.123 inventory.StockReserved #{reserved.position}" in story
        assert f"because of orders.OrderPlaced #{placed.position} · by inventory.reserve_stock" in story
        assert story.index("orders.OrderPlaced") < story.index("2025-11-22 14:02:13.123")

    def test_links_to_its_cause_further_up(self, admin_client: Client, order: Order, placed: Event) -> None:
        an_event("inventory.StockReserved", order_id=order.id, because_of=placed)
        page = look_at(admin_client, "orders_order_change", order.pk)
        assert f'<a href="#event-{placed.position}">' in page
        assert f'id="event-{placed.position}"' in page

    def test_names_what_a_join_had_waited_for(self, admin_client: Client, order: Order, placed: Event) -> None:
        reserved = an_event("inventory.StockReserved", order_id=order.id, because_of=placed)
        an_event("payments.PaymentCaptured", order_id=order.id, because_of=reserved, also_needed=[placed])
        assert (
            f"because of inventory.StockReserved #{reserved.position} and, before it, orders.OrderPlaced "
            f"#{placed.position}" in read(admin_client, "orders_order_change", order.pk)
        )

    def test_whose_cause_is_gone_or_no_id_names_what_it_knows(self, admin_client: Client, order: Order) -> None:
        an_event(order_id=order.id, cause_kind="event", cause_id="gone", producer="inventory.reserve_stock")
        an_event(order_id=order.id, cause_kind="operation", cause_id="17")
        an_event(order_id=order.id, cause_kind="system", cause_id="")
        page = read(admin_client, "orders_order_change", order.pk)
        assert "because of the event gone , which is not here" in page
        assert "because of the operation 17" in page
        assert "because of the system itself" in page

    def test_shows_its_payload(self, admin_client: Client, order: Order, placed: Event) -> None:
        page = read(admin_client, "orders_order_change", order.pk)
        assert '"total": { "amount": 3998, "currency": "EUR" }' in page

    def test_that_waits_for_the_relay_says_so(self, admin_client: Client, order: Order, placed: Event) -> None:
        mark_pending(placed)
        page = read(admin_client, "orders_order_change", order.pk)
        assert "1 not relayed yet" in page
        assert "Not relayed yet: the relay has still to hand it" in page

    def test_that_nobody_hears_says_so(self, admin_client: Client, order: Order, placed: Event) -> None:
        assert "Nobody reacts to it." in read(admin_client, "orders_order_change", order.pk)


class TestADelivery:
    def test_shows_state_attempts_times_and_what_it_led_to(
        self, admin_client: Client, order: Order, placed: Event
    ) -> None:
        a_delivery(placed, outcome="inventory.StockReserved")
        reserved = an_event("inventory.StockReserved", order_id=order.id, because_of=placed)
        page = read(admin_client, "orders_order_change", order.pk)
        assert (
            "inventory.reserve_stock ✓ done 0 +0 ms +4 ms +10 ms +35 ms 10 ms 25 ms "
            f"→ led to inventory.StockReserved #{reserved.position}" in page
        )
        assert "needs attention" not in page

    def test_shows_its_outcome_and_drift(self, admin_client: Client, order: Order, placed: Event) -> None:
        a_delivery(placed, state="ignored", outcome="already cancelled", drift="undeclared answer Ignored")
        page = read(admin_client, "orders_order_change", order.pk)
        assert "– ignored" in page  # noqa: RUF001
        assert "already cancelled ! drift undeclared answer Ignored" in page

    @pytest.mark.parametrize("state", ["waiting", "dispatched", "done", "ignored", "parked", "skipped", "orphaned"])
    def test_says_its_state_in_a_word(self, admin_client: Client, placed: Event, state: str) -> None:
        a_delivery(placed, state=state, dispatch=None)
        assert f"</span> {state}</span>" in look_at(admin_client, "orders_order_change", placed.order_id)

    def test_that_failed_shows_exception_message_and_traceback(self, admin_client: Client, placed: Event) -> None:
        delivery = a_delivery(placed, state="parked", attempts=2)
        a_failed_attempt(delivery, 1)
        a_failed_attempt(delivery, 2, exception="Timeout")
        page = read(admin_client, "orders_order_change", placed.order_id)
        assert "2 failed attempts, the last: Timeout the provider hung up" in page
        assert "Attempt 1 failed at 2025-11-22 14:02:12.123 : ConnectionError the provider hung up" in page
        assert "Traceback (most recent call last): File …" in page
        assert "Worker worker@host-1 , Celery task 6f1c" in page

    def test_that_is_open_stands_at_the_top(self, admin_client: Client, placed: Event) -> None:
        later = timezone.now() + timedelta(minutes=5, seconds=30)
        a_delivery(placed, "payments.capture", state="waiting", attempts=2, due_at=later)
        a_delivery(placed, "notifications.mail", state="parked", attempts=8)
        page = read(admin_client, "orders_order_change", placed.order_id)
        top = page[: page.index("because of")]
        assert "needs attention: parked, overdue" in top
        assert "payments.capture ↻ retry orders.OrderPlaced" in top
        assert "Delivery attempt 2 of 8 failed; next try in 5 min" in top
        assert "notifications.mail ✕ parked orders.OrderPlaced" in top
        assert "An operator has to deliver it again or to skip it." in top

    def test_that_runs_says_for_how_long(self, admin_client: Client, placed: Event) -> None:
        reaction = a_reaction("payments.capture", "orders.OrderPlaced")
        now = timezone.now()
        dispatch = a_dispatch(reaction, sent_at=now - timedelta(minutes=3), closed_at=None)
        a_delivery(placed, reaction, state="dispatched", dispatch=dispatch)
        beat("worker@host-1", "worker", ["payments"])
        page = read(admin_client, "orders_order_change", placed.order_id)
        assert "payments.capture ▶ running orders.OrderPlaced" in page
        assert "Its worker has not been heard of for a while; the relay will hand it to another." in page
        Dispatch.objects.update(lease_until=now + timedelta(seconds=5))
        assert "A worker has been at it for 3 min" in read(admin_client, "orders_order_change", placed.order_id)

    def test_of_a_timer_that_is_not_due_says_when_it_is(self, admin_client: Client, placed: Event) -> None:
        later = timezone.now() + timedelta(minutes=20, seconds=30)
        a_delivery(placed, "payments.expire", state="waiting", due_at=later, dispatch=None)
        page = read(admin_client, "orders_order_change", placed.order_id)
        assert "payments.expire ◷ timer orders.OrderPlaced" in page
        assert "payments.expire waits for its time" in page
        assert "needs attention" not in page  # a timer has its time

    def test_with_a_long_outcome_is_folded(self, admin_client: Client, placed: Event) -> None:
        a_delivery(placed, outcome="x" * 4000)
        page = look_at(admin_client, "orders_order_change", placed.order_id)
        assert '<details class="long"><summary>' + "x" * 159 + "…" in page
        assert "x" * 4000 in page


def test_a_hostile_error_stays_a_text_of_one_line(admin_client: Client, placed: Event) -> None:
    evil = "<script>alert(1)</script>\n\u202ejavascript:\n" + "x" * 4000
    delivery = a_delivery(placed, "payments.capture", state="parked", attempts=8, outcome=evil)
    a_failed_attempt(delivery, 8, exception=evil[:200], message=evil)
    page = look_at(admin_client, "orders_order_change", placed.order_id)
    answer = page[page.index('class="sentence"') : page.index('class="asked"')]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; javascript: xxx" in answer
    assert "<script>alert" not in page
    assert "\u202e" not in answer
    assert "x" * 200 not in answer


def test_events_need_their_own_permission(client: Client, placed: Event) -> None:
    user = an_order().customer
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(user)
    page = read(client, "orders_order_change", placed.order_id)
    assert "the permission outbox.view_event is missing" in page
    assert "OrderPlaced" not in page


def test_an_order_that_does_not_exist_leads_back_to_the_index(admin_client: Client) -> None:
    for id in ("nonsense", "00000000-0000-0000-0000-000000000000", "_00"):
        assert admin_client.get(f"/admin/orders/order/{id}/change/").status_code == 302


def test_headings_and_tables_can_be_navigated_without_seeing(admin_client: Client, placed: Event) -> None:
    a_delivery(placed)
    page = main_part(look_at(admin_client, "orders_order_change", placed.order_id))
    assert '<h2 id="event-history">' in page
    assert "<caption" in page
    assert page.count("<th ") == page.count(" scope=")
