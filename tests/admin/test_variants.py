"""Variants: orders grouped by their sequence of events."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.variants import counting
from config.variants.counting import Among, variants
from orders.models import Order
from outbox.models import Event
from tests.admin.pages import main_part, words
from tests.admin.rows import an_event, an_order
from tests.admin.staff import staff
from tests.architecture.conftest import journeys, somebody_listens  # noqa: F401 (fixtures, which need one another)
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db

ALL = Among(within=timedelta(days=36_500))
WENT_WELL = ["orders.OrderPlaced", "inventory.StockReserved", "payments.PaymentCaptured", "shipping.OrderShipped"]


def went(*names: str, ago: timedelta = timedelta(minutes=5), **given: object) -> Order:
    """An order with these events, one each second."""
    order = an_order(placed_at=timezone.now() - ago, **given)
    for seconds, name in enumerate(names):
        an_event(name, order_id=order.id, after=timedelta(seconds=seconds))
    return order


def page_of(client: Client, **query: str) -> str:
    response = client.get(reverse("variants"), query)
    assert response.status_code == 200
    return main_part(response.content.decode())


def keys_on(html: str) -> list[str]:
    return re.findall(rf'href="{reverse("variants")}([0-9a-f]{{16}})/', html)


def labels_on(html: str) -> list[str]:
    return re.findall(rf'href="{reverse("variants")}[0-9a-f]{{16}}/[^"]*">([^<]*)<', html)


@pytest.mark.usefixtures("journeys")
class TestOfRealOrders:
    """One order of each kind, through all the apps."""

    def test_tell_each_kind_apart_and_say_what_became_of_it(self, admin_client: Client) -> None:
        html = page_of(admin_client)
        assert "5 variants of 5 orders" in words(html)
        assert sorted(labels_on(html)) == [
            "cancelled, cancellation asked for, refunded",
            "cancelled, declined",
            "cancelled, out of stock",
            "cancelled, refused by the carrier, refunded",
            "shipped",
        ]

    def test_name_the_events_in_their_order(self) -> None:
        for row in variants(ALL, rare_first=True).rows:
            told = Event.objects.filter(order_id=row.example).order_by("position").values_list("name", flat=True)
            assert list(row.path.names) == [n for n in told if n.split(".")[0] not in counting.TELLING]

    def test_leave_mails_and_webhooks_out_unless_they_are_asked_for(self, admin_client: Client) -> None:
        assert "notifications.NotificationSent" not in words(page_of(admin_client))
        page = words(page_of(admin_client, events="all"))
        assert "notifications.NotificationSent" in page
        assert "webhooks.WebhookStarted" in page
        assert "Mails and webhooks are left out" not in page

    def test_lead_to_their_orders(self, admin_client: Client) -> None:
        for row in variants(ALL, rare_first=True).rows:
            html = main_part(admin_client.get(reverse("variant", args=[row.path.key])).content.decode())
            assert re.findall(r'href="/admin/orders/order/([^/]*)/change/"', html) == [str(row.example)]
            assert "1 order went so" in words(html)


class TestOrdersThatWentTheSameWay:
    def test_are_one_variant_with_count_share_duration_and_the_latest_as_example(self, admin_client: Client) -> None:
        for minutes in (9, 7, 8):
            latest = went(*WENT_WELL, ago=timedelta(minutes=minutes)) if minutes == 7 else went(*WENT_WELL)
            Order.objects.filter(pk=latest.pk).update(placed_at=timezone.now() - timedelta(minutes=minutes))
        went(*WENT_WELL[:1])
        page = words(page_of(admin_client))
        latest = Order.objects.get(number="ORD-2025-000002")
        assert f"shipping.OrderShipped 3 75 % 3.0 s {latest.number} " in page
        assert " placed orders.OrderPlaced 1 25 % 0 ms ORD-2025-000004 " in page

    def test_come_last_where_they_are_many(self, admin_client: Client) -> None:
        for names in (WENT_WELL, WENT_WELL, WENT_WELL[:1]):
            went(*names)
        assert labels_on(page_of(admin_client)) == ["placed", "shipped"]
        assert labels_on(page_of(admin_client, first="common")) == ["shipped", "placed"]

    def test_did_so_in_the_order_of_positions(self) -> None:
        went(*WENT_WELL)
        went(*WENT_WELL[:2], *WENT_WELL[:1:-1])
        assert variants(ALL, rare_first=True).different == 2

    def test_say_once_what_happened_several_times_in_a_row(self, admin_client: Client) -> None:
        went("orders.OrderPlaced", *["payments.PaymentOpened"] * 3)
        assert "orders.OrderPlaced payments.PaymentOpened 3 times 1 100 %" in words(page_of(admin_client))

    def test_are_listed_up_to_a_hundred(self, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(counting, "SHOWN_ORDERS", 2)
        for _ in range(3):
            went(*WENT_WELL, status="shipped")
        (key,) = keys_on(page_of(admin_client))
        html = main_part(admin_client.get(reverse("variant", args=[key])).content.decode())
        assert "3 orders went so" in words(html)
        assert re.findall(r">(ORD-[0-9-]+)</a>", html) == ["ORD-2025-000003", "ORD-2025-000002"]


class TestWhichOrders:
    def test_are_the_latest_or_those_of_a_day_or_a_week(self, admin_client: Client) -> None:
        for days in (0, 3, 30):
            went(*WENT_WELL, ago=timedelta(days=days))
        assert "of 3 orders" in words(page_of(admin_client))
        assert "of 1 order;" in words(page_of(admin_client, of="day"))
        assert "of 2 orders" in words(page_of(admin_client, of="week"))

    def test_are_all_or_only_those_that_are_settled_or_open(self, admin_client: Client) -> None:
        went(*WENT_WELL, status="shipped")
        went(*WENT_WELL[:2], status="reserved")
        assert labels_on(page_of(admin_client, which="settled")) == ["shipped"]
        assert labels_on(page_of(admin_client, which="open")) == ["reserved"]

    def test_are_bounded_before_they_are_filtered(self) -> None:
        for n, status in enumerate(("shipped", "placed", "placed")):
            went("orders.OrderPlaced", status=status, ago=timedelta(minutes=9 - n))
        found = variants(Among(within=timedelta(days=1), most=2, settled=True), rare_first=True)
        assert found.rows == []
        assert variants(Among(within=timedelta(days=1), most=2), rare_first=True).looked_at == 2

    def test_may_be_none(self, admin_client: Client) -> None:
        assert "No order is like that" in words(page_of(admin_client))
        an_order()
        assert labels_on(page_of(admin_client)) == ["nothing has happened"]

    @pytest.mark.parametrize("query", [{"of": "\x00"}, {"which": "<script>"}, {"first": "'"}, {"events": ""}])
    def test_are_the_usual_ones_if_the_address_says_nonsense(self, admin_client: Client, query: dict[str, str]) -> None:
        went(*WENT_WELL)
        assert page_of(admin_client, **query) == page_of(admin_client)


def test_a_way_that_none_of_them_went_says_so(admin_client: Client) -> None:
    page = words(admin_client.get(reverse("variant", args=["0" * 16])).content.decode())
    assert "None of these orders went so" in page


@pytest.mark.parametrize("url", [reverse("variants"), reverse("variant", args=["0" * 16])])
def test_are_for_whoever_may_see_events_and_orders(client: Client, url: str) -> None:
    client.force_login(User.objects.create_user("mo", is_staff=True))
    assert client.get(url).status_code == 403
    staff(client)
    assert client.get(url).status_code == 200


def test_are_linked_from_the_first_page(admin_client: Client) -> None:
    assert f'href="{reverse("variants")}"' in admin_client.get(reverse("admin:index")).content.decode()


def test_take_a_constant_number_of_statements(admin_client: Client) -> None:
    taken = []
    for times in (1, 30):
        for n in range(times):
            went(*WENT_WELL, *["payments.PaymentOpened"] * n)
        key = keys_on(page_of(admin_client))[0]
        for url in (reverse("variants"), reverse("variant", args=[key])):
            with CaptureQueriesContext(connection) as queries:
                admin_client.get(url)
            taken.append(len(queries))
    assert set(taken) == {3}  # the session, the user, and one for what the page is about


def test_reads_no_more_than_the_latest_orders_and_their_events() -> None:
    customer, now = went(*WENT_WELL).customer, timezone.now()
    given = {"customer": customer, "placed_at": now, "status_since": now, "total": 1, "ship_to": {}}
    orders = Order.objects.bulk_create(Order(number=f"N-{n}", **given) for n in range(1_000))
    Event.objects.bulk_create(
        Event(id=uuid4(), name=name, order_id=order.pk, payload={}, cause_kind="system")
        for order in orders
        for name in WENT_WELL
    )
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute("ANALYZE orders_order, outbox_event")
        variants(Among(within=timedelta(days=1), most=10), rare_first=True)
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {queries[-1]['sql']}")
        plan = [line for (line,) in cursor.fetchall()]
    of_orders, of_events = (line for line in plan if " on orders_order" in line or " on outbox_event" in line)
    assert re.search(r"Index Scan using order_newest_first .*actual rows=10(\.00)? loops=1\)", of_orders)
    assert re.search(r"actual rows=4(\.00)? loops=10\)", of_events)
    assert any("event_order" in line for line in plan)
