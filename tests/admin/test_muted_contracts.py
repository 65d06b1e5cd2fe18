"""Contracts that are muted on the page of silence: by whom, until when, and what that does not hide."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from outbox import silence as module
from outbox.models import Delivery, MutedContract, Operation, Reaction, Subscription
from tests.admin.pages import look_at, read, words
from tests.admin.rows import a_delivery, a_reaction, an_event, an_order
from tests.admin.staff import staff

pytestmark = pytest.mark.django_db

ANSWERS = {"payments.capture": "payments.PaymentCaptured", "shipping.ship": "shipping.ShipmentStarted"}
MUTE = reverse("admin:outbox_contract_mute", args=["payments.capture"])
UNMUTE = reverse("admin:outbox_contract_unmute", args=["payments.capture"])


@pytest.fixture(autouse=True)
def nobody_else_listens() -> None:
    Subscription.objects.all().delete()


@pytest.fixture
def sue(client: Client) -> Client:
    return staff(client, "write_note")


def silent(reaction: str = "payments.capture", outcome: str = "", **of_order: object) -> Delivery:
    event = an_event(order_id=an_order(**of_order).id)
    contract = {"emits": [ANSWERS[reaction]], "within_s": 30.0}
    return a_delivery(event, a_reaction(reaction, contract=contract), outcome=outcome)


def mute(client: Client, reason: str = "known, is being mended", until: str = "", page: str = MUTE) -> str:
    answer = {"answered": "1", "reason": reason, "until": until}
    return words(client.post(page, answer, follow=True).content.decode())


def told(client: Client) -> str:
    """What the page says above what is muted."""
    return read(client, "outbox_silence").split("Past the deadline")[0].split("Muted What")[0]


def test_is_offered_beside_a_broken_contract_and_asks_first(sue: Client) -> None:
    silent()
    assert f'href="{MUTE}"' in look_at(sue, "outbox_silence")
    page = words(sue.get(MUTE).content.decode())
    assert "Mute the contract of payments.capture?" in page
    assert "That it has not answered PaymentCaptured leaves the page" in page
    assert not MutedContract.objects.exists()


def test_is_told_of_no_more_but_as_muted_with_who_and_why(sue: Client) -> None:
    delivery = silent()
    page = mute(sue)
    assert "Every reaction that has handled an event has answered it." in page
    assert "muted payments.capture , which promises PaymentCaptured known, is being mended" in page
    assert str(delivery.order_id)[-12:] not in told(sue)
    operation = Operation.objects.get(kind="mute")
    assert (operation.reaction_id, operation.actor, operation.reason, operation.what) == (
        "payments.capture", "staff:sue", "known, is being mended", "mute the contract of payments.capture",
    )  # fmt: skip
    assert operation.closed_at
    assert LogEntry.objects.filter(object_id="payments.capture").exists()


def test_a_stranded_join_is_muted_as_well(sue: Client) -> None:
    silent(outcome="waits for inventory.StockReserved")
    assert "! stranded" in told(sue)
    mute(sue)
    assert "! stranded" not in told(sue)


def test_unmuted_it_is_told_of_again(sue: Client) -> None:
    silent()
    mute(sue)
    assert f'href="{UNMUTE}"' in look_at(sue, "outbox_silence")
    mute(sue, page=UNMUTE, reason="mended")
    assert "! silence" in told(sue)
    assert Operation.objects.get(kind="unmute").reason == "mended"
    assert "is not muted." in mute(sue, page=UNMUTE)


def test_the_pages_of_the_orders_go_on_to_say_it(sue: Client) -> None:
    delivery = silent()
    mute(sue)
    assert "payments handled orders.OrderPlaced" in read(sue, "orders_order_change", delivery.order_id)


class TestWhatItDoesNotHide:
    def test_another_contract_of_another_order(self, sue: Client) -> None:
        silent()
        other = silent("shipping.ship")
        mute(sue)
        assert str(other.order_id)[-12:] in told(sue)

    def test_another_contract_of_the_same_order(self, sue: Client) -> None:
        delivery = silent()
        ship = a_reaction("shipping.ship", contract={"emits": ["shipping.ShipmentStarted"], "within_s": 30.0})
        a_delivery(delivery.event, ship)
        mute(sue)
        assert told(sue).count("! silence") == 1

    def test_what_would_come_after_many_of_the_muted(self, sue: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "SHOWN", 2)
        other = silent("shipping.ship", id=UUID(int=1))  # those with the greatest ids are shown
        for _ in range(3):
            silent()
        assert str(other.order_id)[-12:] not in told(sue)
        mute(sue)
        assert str(other.order_id)[-12:] in told(sue)

    def test_an_event_that_it_has_never_got(self, sue: Client) -> None:
        silent()
        mute(sue)
        Subscription.objects.create(reaction_id="payments.capture", event_name="orders.OrderPlaced")
        an_event(order_id=an_order().id)
        html = look_at(sue, "outbox_silence")
        assert "! never delivered" in told(sue)
        assert f'href="{MUTE}"' not in html

    def test_another_answer_that_it_promises_by_now(self, sue: Client) -> None:
        silent()
        mute(sue)
        Reaction.objects.filter(pk="payments.capture").update(contract={"emits": ["payments.Other"], "within_s": 30.0})
        assert "! silence" in told(sue)
        assert "Muted" not in read(sue, "outbox_silence")


class TestUntil:
    def test_its_time_is_over_by_itself(self, sue: Client) -> None:
        silent()
        mute(sue, until=f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}")
        assert "! silence" not in told(sue)
        MutedContract.objects.update(until=timezone.now() - timedelta(seconds=1))
        assert "! silence" in told(sue)

    def test_muted_again_it_has_another_time(self, sue: Client) -> None:
        silent()
        mute(sue, until=f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}")
        mute(sue)
        assert MutedContract.objects.get().until is None
        assert Operation.objects.filter(kind="mute").count() == 2

    @pytest.mark.parametrize("until", ["2020-01-01T00:00", "tomorrow", "\x00"])
    def test_a_time_that_is_none(self, sue: Client, until: str) -> None:
        silent()
        mute(sue, until=until)
        assert not MutedContract.objects.exists()


def test_needs_a_reason(sue: Client) -> None:
    silent()
    assert "This field is required." in mute(sue, reason=" ")
    assert not MutedContract.objects.exists()


def test_a_reaction_that_promises_nothing(sue: Client) -> None:
    a_reaction("payments.capture")
    assert "payments.capture promises no answer" in mute(sue)


def test_a_reaction_that_is_not_there(sue: Client) -> None:
    for id in ("payments.nothing", "a\x00b"):
        assert sue.get(reverse("admin:outbox_contract_mute", args=[id])).status_code == 404


def test_needs_the_permission(client: Client) -> None:
    silent()
    nobody = staff(client)
    assert f'href="{MUTE}"' not in look_at(nobody, "outbox_silence")
    for page in (MUTE, UNMUTE):
        assert nobody.get(page).status_code == 403
        assert nobody.post(page, {"answered": "1", "reason": "x"}).status_code == 403
    assert not MutedContract.objects.exists()
