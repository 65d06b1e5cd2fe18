"""One search box for whatever is at hand, and the filters of the list of orders."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import IdempotencyKey
from orders.models import Order
from outbox.models import Reference
from outbox.relay.fan_out import fan_out
from tests.admin.pages import read
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order, mark_pending

pytestmark = pytest.mark.django_db

LINES = [{"sku": "MUG-BLUE", "name": "Blue mug"}, {"sku": "Täss-1", "name": "Cup"}]
SAID = {
    "orders.OrderPlaced": {"customer_email": "Mo@Example.org", "lines": LINES},
    "payments.PaymentCaptured": {"provider_ref": "ch_1Abc"},
    "shipping.OrderShipped": {"tracking_number": "SBX000042", "lines": [{"sku": "elsewhere"}]},
}


@pytest.fixture
def order() -> Order:
    """An order whose events the relay has fanned out, among others."""
    wanted = an_order(number="ORD-1")
    other = an_order(number="XRD-2", customer_email="yo@example.org")
    for name, payload in SAID.items():
        mark_pending(an_event(name, order_id=wanted.id, payload=payload, cause_id=f"req-{name}"))
    mark_pending(an_event(order_id=other.id, payload={"customer_email": "yo@example.org", "lines": []}, cause_id="r2"))
    fan_out()
    return wanted


def found(client: Client, **query: object) -> set[str]:
    page = read(client, "orders_order_changelist", **query)
    return {number for number in Order.objects.values_list("number", flat=True) if number in page}


class TestSearch:
    @pytest.mark.parametrize(
        "term", ["ord-1", " MO@example.org ", "mug-blue", "täss-1", "CH_1ABC", "sbx000042", "req-shipping.OrderShipped"]
    )
    def test_finds_by_number_reference_or_request(self, admin_client: Client, order: Order, term: str) -> None:
        assert found(admin_client, q=term) == {"ORD-1"}

    def test_finds_by_the_ids_of_order_event_and_failed_task(self, admin_client: Client, order: Order) -> None:
        event = an_event(order_id=order.id)
        a_failed_attempt(a_delivery(event), task_id="5c0f3c1e-celery")
        for term in (order.id, event.id, "5c0f3c1e-celery"):
            assert found(admin_client, q=str(term)) == {"ORD-1"}

    def test_finds_by_the_key_of_the_request(self, admin_client: Client, order: Order) -> None:
        user = get_user_model().objects.get(username="mo")
        for route, body in (("POST /a", f'{{"id":"{order.id}"}}'), ("POST /b", "")):
            IdempotencyKey.objects.create(user=user, route=route, key="a key", fingerprint="", body=body)
        assert found(admin_client, q="a key") == {"ORD-1"}

    @pytest.mark.parametrize(
        "term", ["example.org", "elsewhere", "%", "'", "\\", "x" * 4_000, "<script>", str(UUID(int=0))]
    )
    def test_finds_nothing_by_a_part_or_by_nonsense(self, admin_client: Client, order: Order, term: str) -> None:
        assert found(admin_client, q=term) == set()

    def test_reads_no_table_from_end_to_end(self, admin_client: Client, order: Order) -> None:
        with CaptureQueriesContext(connection) as queries:
            found(admin_client, q="SBX000042")
        searching = [query["sql"] for query in queries if "outbox_reference" in query["sql"]]
        assert searching
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            for sql in searching:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "Seq Scan on outbox" not in plan, plan
                assert "Seq Scan on orders" not in plan, plan


class TestReferences:
    def test_keep_what_is_personal_as_a_digest(self, order: Order) -> None:
        kept = dict(Reference.objects.filter(order_id=order.id).values_list("value", "kind"))
        digest = hashlib.sha256(b"mo@example.org").hexdigest()
        assert kept == {
            digest: "customer email",
            "mug-blue": "sku",
            "täss-1": "sku",
            "ch_1abc": "provider ref",
            "sbx000042": "tracking number",
        }
        assert not Reference.objects.filter(value__contains="@").exists()

    def test_are_noted_of_older_events_once(self, order: Order, capsys: pytest.CaptureFixture[str]) -> None:
        Reference.objects.all().delete()
        call_command("index_references")
        call_command("index_references")
        assert "6 references were missing" in (said := capsys.readouterr().out)
        assert "0 references were missing" in said

    @pytest.mark.parametrize("value", [None, "", {"a": 1}, ["x", "y"], 7, "x" * 100_000, "\u202e", "<script>"])
    def test_never_keep_the_relay_from_going_on(self, value: object) -> None:
        payload = {"tracking_number": value, "lines": value}
        mark_pending(an_event("shipping.OrderShipped", order_id=uuid4(), payload=payload))
        assert fan_out() == 1


class TestFilters:
    def test_facets(self, admin_client: Client) -> None:
        for number, names in {"ORD-1": ["inventory.StockReserved"], "ORD-2": []}.items():
            order = an_order(number=number, seen=names)
            for name in names:
                an_event(name, order_id=order.id)
        assert found(admin_client, stock="reserved") == {"ORD-1"}
        assert found(admin_client, stock="none") == {"ORD-2"}
        assert found(admin_client, payment="none") == {"ORD-1", "ORD-2"}

    def test_attention(self, admin_client: Client) -> None:
        late, parked, owed, calm = (
            an_order(number=f"ORD-{n}", seen=["payments.PaymentRefundFailed"] * (n == 3)) for n in range(1, 5)
        )
        an_event("payments.PaymentRefundFailed", order_id=owed.id)
        capture = a_reaction("payments.capture", "orders.OrderPlaced")
        now = timezone.now()
        a_delivery(
            an_event(order_id=late.id), capture, state="waiting", due_at=now - timedelta(minutes=1), dispatch=None
        )
        a_delivery(
            an_event(order_id=calm.id), capture, state="waiting", due_at=now - timedelta(seconds=9), dispatch=None
        )
        a_delivery(an_event(order_id=parked.id), capture, state="parked")
        for word, number in {"overdue": "ORD-1", "parked": "ORD-2", "money_owed": "ORD-3"}.items():
            assert found(admin_client, attention=word) == {number}
        assert found(admin_client, attention="nonsense") == {"ORD-1", "ORD-2", "ORD-3", "ORD-4"}

    def test_a_status_that_is_not_what_its_events_amount_to(self, admin_client: Client) -> None:
        an_order(number="ORD-1", status="paid", seen=["inventory.StockReserved"])
        an_order(number="ORD-2", status="reserved", seen=["inventory.StockReserved"])
        an_order(number="ORD-3", status="placed", seen=[])
        an_order(number="ORD-4", status="shipped", seen=[])
        assert found(admin_client, attention="drift") == {"ORD-1", "ORD-4"}

    def test_stuck_for_cancel_reason_and_sandbox(self, admin_client: Client) -> None:
        now = timezone.now()
        an_order(number="ORD-1", status_since=now - timedelta(minutes=6))
        an_order(number="ORD-2", status="cancelled", cancel_reason="declined", sandbox=True)
        an_event("orders.OrderCancelled", order_id=Order.objects.get(number="ORD-2").pk)
        assert found(admin_client, stuck="5m") == {"ORD-1"}
        assert found(admin_client, stuck="1h") == set()
        assert found(admin_client, cancel_reason="declined") == {"ORD-2"}
        assert found(admin_client, sandbox="1") == {"ORD-2"}
