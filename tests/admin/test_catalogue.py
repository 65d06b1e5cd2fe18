"""The event catalogue: every event type, and the page of one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from outbox.admin import catalogue
from outbox.events import published_events
from outbox.models import Event
from outbox.volumes import volumes
from tests.admin.pages import look_at, main_part, read, words
from tests.admin.rows import a_reaction, an_event, an_order
from tests.admin.staff import staff

pytestmark = pytest.mark.django_db

PLACED, RESERVED = "orders.OrderPlaced", "inventory.StockReserved"


def happened(name: str, ago: timedelta, **given: Any) -> None:
    an_event(name, order_id=an_order().id, occurred_at=timezone.now() - ago, **given)


def row_of(client: Client, name: str, **query: str) -> str:
    """The words of an event's line of the list."""
    html = look_at(client, "outbox_catalogue", **query)
    link = f'href="{reverse("admin:outbox_event_type", args=[name])}"'
    (row,) = [row for row in re.findall(r"<tr>.*?</tr>", main_part(html), re.DOTALL) if f'row"><a {link}' in row]
    return words(row).strip()


def analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbox_event")


class TestTheList:
    def test_names_every_event_with_its_first_sentence_publisher_and_reactions(self, admin_client: Client) -> None:
        page = read(admin_client, "outbox_catalogue")
        assert all(f" {name} " in page for name in published_events())
        assert row_of(admin_client, PLACED).startswith(
            f"{PLACED} A customer has placed an order; it is accepted, and nothing has been reserved or charged yet. "
            "a use case "
        )
        assert "inventory.reserve_stock" in row_of(admin_client, RESERVED)

    def test_counts_the_last_hour_the_last_day_and_all(self, admin_client: Client) -> None:
        for ago in (timedelta(minutes=1), timedelta(hours=2), timedelta(hours=3), timedelta(days=2)):
            happened(RESERVED, ago)
        assert re.search(r" 1 3 4 20\d\d-", row_of(admin_client, RESERVED))
        assert row_of(admin_client, "shipping.OrderShipped").endswith(" 0 0 0 never")

    def test_says_where_it_has_stopped_counting(self, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(catalogue, "MOST_EACH", 2)
        analyse()  # the empty table: what was noted while others filled it is no estimate of this one
        for minutes in (90, 2, 1):
            happened(RESERVED, timedelta(minutes=minutes))
        assert "2 or more 2 or more 2 or more" in row_of(admin_client, RESERVED)

    def test_estimates_beyond_that_what_postgresql_has_analysed(
        self, admin_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(catalogue, "MOST_EACH", 2)
        for _ in range(5):
            happened(RESERVED, timedelta(days=2))
        happened(PLACED, timedelta(days=2))
        analyse()
        assert " 0 0 about 5 20" in row_of(admin_client, RESERVED)
        assert " 0 0 1 20" in row_of(admin_client, PLACED)

    def test_can_be_narrowed_by_app_and_by_words(self, admin_client: Client) -> None:
        ours = [name for name in published_events() if name.startswith("shipping.")]
        page = read(admin_client, "outbox_catalogue", app="shipping")
        assert f"{len(ours)} of " in page
        assert "shipping.OrderShipped " in page
        assert "orders.OrderPlaced A customer" not in page
        assert "1 of " in read(admin_client, "outbox_catalogue", q="CUSTOMER placed accepted")
        assert "No event type is like that." in read(admin_client, "outbox_catalogue", q="\x00<script>", app="%")

    def test_takes_a_constant_number_of_statements(self, admin_client: Client) -> None:
        taken = []
        for times in (1, 30):
            for n in range(times):
                happened(RESERVED, timedelta(minutes=1))
                a_reaction(f"inventory.another_{n}", f"elsewhere.Happened{n}")
            with CaptureQueriesContext(connection) as queries:
                look_at(admin_client, "outbox_catalogue")
            taken.append(len(queries))
        assert taken[0] == taken[1] <= 6  # the session, the user, reactions, subscriptions, estimates, counts


def test_reads_no_more_of_the_table_than_the_latest_of_each_type() -> None:
    order_id = an_order().id
    kinds = [RESERVED] * 40 + [PLACED] * 2_000
    Event.objects.bulk_create(
        Event(id=uuid4(), name=name, order_id=order_id, payload={}, cause_kind="system") for name in kinds
    )
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute("ANALYZE outbox_event")
        volumes([RESERVED, PLACED], most=3)
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {queries[-1]['sql']}")
        plan = [line for (line,) in cursor.fetchall()]
    (scan,) = [line for line in plan if "on outbox_event" in line]
    assert "using event_name" in scan
    assert re.search(r"\(actual rows=3(\.00)? loops=2\)", scan)


class TestThePageOfOne:
    def test_shows_its_description_version_source_and_fields(self, admin_client: Client) -> None:
        page = read(admin_client, "outbox_event_type", PLACED)
        assert "payment methods and postcodes of the sandbox steer what becomes of it" in page
        assert re.search(r"Declared in orders/events\.py:\d+ Version 1 ", page)
        for line in (
            "customer_email str personal, findable",
            "lines list of OrderedLine",
            "lines[].sku str findable",
            "lines[].unit_price.amount int",
            "ship_to Address",
            'ship_to.postal_code str personal ""',
        ):
            assert f" {line} " in page, line

    def test_shows_who_publishes_it_and_who_reacts(self, admin_client: Client) -> None:
        contract = {
            "reads": {PLACED: ["order_id", "lines"]},
            "emits": [RESERVED],
            "may_ignore": True,
            "may_wait": False,
            "within_s": 7.0,
        }
        given = {"contract": contract, "description": "Tries to reserve.", "source": "inventory/reactions.py:12"}
        a_reaction("inventory.try_it", PLACED, **given)
        assert f" inventory.try_it Tries to reserve. inventory/reactions.py:12 lines {RESERVED} ignored 7 s " in read(
            admin_client, "outbox_event_type", PLACED
        )
        page = read(admin_client, "outbox_event_type", RESERVED)
        assert "inventory.try_it : Tries to reserve. inventory/reactions.py:12" in page

    def test_says_who_has_published_it_besides_those_who_declare_it(self, admin_client: Client) -> None:
        happened(PLACED, timedelta(minutes=1), version=2)
        happened(RESERVED, timedelta(minutes=1), producer="inventory.reserve_stock")
        page = read(admin_client, "outbox_event_type", PLACED)
        assert "a use case of orders: no reaction declares that it emits it seen: POST /api/v1/orders" in page
        assert "Version 1; seen: 2 " in page
        assert "seen:" not in read(admin_client, "outbox_event_type", RESERVED).partition("Published by")[2]

    def test_shows_the_latest_one_without_what_is_personal(self, admin_client: Client) -> None:
        old, new = ({"number": f"ORD-{n}", "customer_email": "mo@example.org"} for n in (1, 2))
        happened(PLACED, timedelta(minutes=2), payload=old)
        happened(PLACED, timedelta(minutes=1), payload=new)
        page = read(admin_client, "outbox_event_type", PLACED)
        assert '"number": "ORD-2"' in page
        assert "ORD-1" not in page
        assert "m•••@•••.org" in page
        assert "mo@example.org" not in page

    def test_is_there_for_what_no_installed_app_publishes(self, admin_client: Client) -> None:
        happened("elsewhere.Happened", timedelta(minutes=1), payload={"secret": "s3cret"})
        page = read(admin_client, "outbox_event_type", "elsewhere.Happened")
        assert "No installed app publishes it" in page
        assert "s3cret" not in page

    @pytest.mark.parametrize("name", ["elsewhere.NeverHappened", "\x00", "<script>", "9" * 400])
    def test_is_not_found_for_what_nobody_knows(self, admin_client: Client, name: str) -> None:
        assert admin_client.get(reverse("admin:outbox_event_type", args=[name])).status_code == 404

    def test_is_linked_from_wherever_the_event_is_named(self, admin_client: Client) -> None:
        event = an_event(order_id=an_order().id)
        link = f'href="{reverse("admin:outbox_event_type", args=[PLACED])}"'
        assert link in look_at(admin_client, "outbox_event_changelist")
        assert link in look_at(admin_client, "outbox_event_change", event.position)
        assert look_at(admin_client, "outbox_choreography").count(link) == 2
        hears_it = look_at(admin_client, "outbox_reaction_change", "inventory.reserve_stock")
        assert hears_it.count(link) == 2  # what it hears, and what it reads of it
        assert f'href="{reverse("admin:outbox_event_changelist")}?name={PLACED}"' in look_at(
            admin_client, "outbox_event_type", PLACED
        )

    def test_takes_a_constant_number_of_statements(self, admin_client: Client) -> None:
        taken = []
        for times in (1, 30):
            for n in range(times):
                happened(RESERVED, timedelta(minutes=1))
                a_reaction(f"inventory.another_{n}", RESERVED)
            with CaptureQueriesContext(connection) as queries:
                look_at(admin_client, "outbox_event_type", RESERVED)
            taken.append(len(queries))
        assert taken[0] == taken[1] <= 7  # one more than the list: the latest event


@pytest.mark.parametrize("view", [["outbox_catalogue"], ["outbox_event_type", PLACED]])
def test_is_for_whoever_may_see_events(client: Client, view: list[str]) -> None:
    url = reverse(f"admin:{view[0]}", args=view[1:])
    client.force_login(User.objects.create_user("mo", is_staff=True))
    assert client.get(url).status_code == 403
    staff(client)
    assert client.get(url).status_code == 200
