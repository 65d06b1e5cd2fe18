"""Each scenario of the lab, run from its page by a real relay: it ends as its sentence says, and all promises hold."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.lab.scenarios import SCENARIOS, Scenario
from orders.models import Order
from outbox.models import Delivery, Event, Operation
from payments import sandbox
from tests.domain.journeys import happened, status
from tests.lab.relaying import Relayed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("demo_data")]


@pytest.fixture
def relayed(monkeypatch: pytest.MonkeyPatch) -> Relayed:
    monkeypatch.setattr(sandbox, "SLOW", {"pm_card_slow_20s": 0.1})
    monkeypatch.setattr(sandbox, "CLIENT_TIMEOUT", 0.08)
    return Relayed(monkeypatch)


def run(client: Client, code: str) -> UUID:
    response = client.post(reverse("lab_run", args=[code]), {"answered": "1"})
    order = Order.objects.get()
    assert response.headers["Location"] == reverse("admin:orders_order_change", args=[order.pk])
    return order.pk


def told(code: str) -> str:
    return Operation.objects.get(kind="scenario", about=code).outcome


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.code)
def test_ends_as_its_sentence_says(admin_client: Client, relayed: Relayed, scenario: Scenario) -> None:
    order_id = run(admin_client, scenario.code)
    relayed.to_the_end()
    assert status(order_id) in scenario.ends
    call_command("verify", verbosity=0)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.code)
def test_is_written_down(admin_client: Client, scenario: Scenario) -> None:
    order_id = run(admin_client, scenario.code)
    operation = Operation.objects.get(order_id=order_id)
    assert (operation.kind, operation.about, operation.actor) == ("scenario", scenario.code, "staff:admin")
    assert operation.reason.endswith(scenario.sentence)
    assert operation.closed_at
    assert LogEntry.objects.filter(object_id=str(order_id), change_message__contains=scenario.code).exists()


def test_a_refund_that_fails_is_asked_for_and_refused(admin_client: Client, relayed: Relayed) -> None:
    order_id = run(admin_client, "refund-fails")
    relayed.to_the_end()
    assert "PaymentRefundFailed" in happened(order_id)


def test_the_charge_of_which_nobody_heard_is_made_once(admin_client: Client, relayed: Relayed) -> None:
    order_id = run(admin_client, "outcome-unknown")
    relayed.until_quiet()
    assert status(order_id) == "reserved"
    relayed.to_the_end()
    assert Event.objects.filter(name="payments.PaymentCaptured").count() == 1


class TestDuplicate:
    def test_every_message_is_sent_twice(self, admin_client: Client, relayed: Relayed) -> None:
        run(admin_client, "duplicate")
        relayed.to_the_end()
        assert set(Counter(relayed.sent).values()) == {2}
        assert told("duplicate") == f"{len(set(relayed.sent))} messages sent twice"

    def test_two_at_once_are_sent_no_more_often(self, admin_client: Client, relayed: Relayed) -> None:
        for _ in range(2):
            admin_client.post(reverse("lab_run", args=["duplicate"]), {"answered": "1"})
        relayed.to_the_end()
        assert set(Counter(relayed.sent).values()) == {2}
        assert set(Order.objects.values_list("status", flat=True)) == {"shipped"}

    def test_no_other_orders_messages_are(self, admin_client: Client, relayed: Relayed) -> None:
        run(admin_client, "happy")
        relayed.to_the_end()
        assert set(Counter(relayed.sent).values()) == {1}

    def test_what_is_over_long_ago_is_left_alone(self, admin_client: Client, relayed: Relayed) -> None:
        run(admin_client, "duplicate")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE outbox_operation SET requested_at = requested_at - interval '1 hour'")
        relayed.to_the_end()
        assert set(Counter(relayed.sent).values()) == {1}

    def test_outside_of_the_sandbox_nothing_is_disturbed(
        self, admin_client: Client, relayed: Relayed, settings: object
    ) -> None:
        run(admin_client, "duplicate")
        settings.SANDBOX = False  # type: ignore[attr-defined]
        relayed.until_quiet()
        assert set(Counter(relayed.sent).values()) == {1}


class TestCrashAfterCommit:
    def test_every_message_comes_again_when_its_work_is_committed(self, admin_client: Client, relayed: Relayed) -> None:
        run(admin_client, "crash-after-commit")
        while not relayed.sent:
            relayed.step()
        first = list(relayed.sent)
        assert len(first) == len(set(first))
        assert not Delivery.objects.filter(dispatch__in=[one.dispatch for one in first], state="dispatched").exists()
        relayed.to_the_end()
        assert set(Counter(relayed.sent).values()) == {2}
        assert (
            Event.objects.values("name").distinct().count()
            == Event.objects.exclude(name="notifications.NotificationSent").count() + 1
        )


class TestReorder:
    def test_payments_hears_of_the_stock_before_it_hears_of_the_order(
        self, admin_client: Client, relayed: Relayed
    ) -> None:
        order_id = run(admin_client, "reorder")
        relayed.until_quiet()
        assert {"OrderPlaced", "StockReserved"} <= happened(order_id)
        heard = Delivery.objects.filter(order_id=order_id, reaction="payments.capture_payment")
        states = dict(heard.values_list("event__name", "state"))
        assert states["orders.OrderPlaced"] == "waiting"
        assert states["inventory.StockReserved"] == "done"
        assert status(order_id) == "reserved"
        relayed.to_the_end()
        assert status(order_id) == "shipped"
