"""Races at the edges: equal requests, several relays, a reaction that has gone, and clocks that are wrong."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from orders.models import Order
from outbox import heartbeats
from outbox.checks import check_in_flight
from outbox.history import history_of
from outbox.models import Delivery, Dispatch, Subscription
from outbox.models import Event as EventRow
from outbox.models import Reaction as ReactionRow
from outbox.relay.fan_out import fan_out
from outbox.relay.leases import take_over
from payments.models import Payment
from shipping.models import Shipment
from tests.api.conftest import client_of, order_body, post_order
from tests.domain.journeys import IN_STOCK, bring_to_the_end, order, status
from tests.outbox.rings import relay, work
from tests.outbox.threads import elsewhere, together
from tests.races.meeting import assert_shipped, one_at_a_time

pytestmark = pytest.mark.django_db(transaction=True)

A_DAY = 24 * 60 * 60.0


@pytest.mark.usefixtures("price_list")
def test_r20_the_same_request_comes_four_times_at_once(customer: User) -> None:
    ask = partial(post_order, body=order_body(), key="key")
    answers = together(*[partial(ask, client_of(customer)) for _ in range(4)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer["Location"]) for answer in answers}) == 1
    assert sorted(answer.get("Idempotent-Replayed", "") for answer in answers) == ["", "true", "true", "true"]
    assert (Order.objects.count(), EventRow.objects.filter(name="orders.OrderPlaced").count()) == (1, 1)


@pytest.mark.usefixtures("price_list")
def test_r21_two_bodies_come_at_once_under_one_key(customer: User) -> None:
    bodies = [order_body(), order_body() | {"payment_method": "pm_card_slow_20s"}]
    asks = [partial(post_order, client_of(customer), body, "key") for body in bodies]
    answers = sorted(together(*asks), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [201, 422]
    assert answers[1].json()["code"] == "key-reused"
    assert Order.objects.count() == 1


@pytest.mark.usefixtures("price_list")
def test_r22_the_answer_is_lost_after_the_commit(customer: User) -> None:
    ask = partial(post_order, client_of(customer), order_body(), "key")
    elsewhere(ask)  # and nobody hears what was answered
    bring_to_the_end()
    again = ask()
    (placed,) = Order.objects.all()
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (201, str(placed.pk), "placed")
    assert again["Location"].endswith(str(placed.pk))
    assert EventRow.objects.filter(name="orders.OrderPlaced").count() == 1


def test_r26_a_relay_dies_after_it_has_sent_and_its_successor_sends_again() -> None:
    order_id = order()
    sent = relay()
    heartbeats.beat("worker@here", "worker", [message.queue for message in sent])
    Dispatch.objects.update(lease_until=Now())
    again = take_over()
    assert len(again) == len(sent) > 1
    together(*[partial(work, message) for message in [*sent, *again]])
    assert_shipped(order_id)
    for name in ("inventory.StockReserved", "payments.PaymentCaptured", "shipping.OrderShipped"):
        assert EventRow.objects.filter(name=name).count() == 1


def test_r27_a_reaction_is_removed_with_pending_deliveries() -> None:
    gone = ReactionRow.objects.create(id="toy.gone", app="toy", queue="toy", contract={}, batch_size=1, credit=1)
    Subscription.objects.create(reaction=gone, event_name="orders.OrderPlaced", since=0)
    order_id = order()
    fan_out()
    assert {found.id for found in check_in_flight(databases=["default"])} == {"outbox.E020"}
    call_command("retire", gone.pk, verbosity=0)
    orphan = Delivery.objects.get(reaction=gone)
    assert (orphan.state, orphan.outcome) == ("orphaned", "its reaction was retired")
    order()
    bring_to_the_end()
    assert status(order_id) == "shipped"
    assert Delivery.objects.get(reaction=gone).state == "orphaned"


def test_r31_six_relays_share_what_is_due() -> None:
    one_at_a_time("inventory.reserve_stock", "shipping.buy_label")
    order_ids = [order(quantity=1) for _ in range(IN_STOCK)]
    messages = [message for claimed in together(*[relay] * 6) for message in claimed]
    assert len({message.dispatch for message in messages}) == len(messages) == Dispatch.objects.count()
    sizes = Dispatch.objects.annotate(held=Count("delivery")).values_list("size", "held")
    assert all(size == held for size, held in sizes)
    together(*[partial(work, message) for message in messages])
    bring_to_the_end()
    assert {status(order_id) for order_id in order_ids} == {"shipped"}
    assert EventRow.objects.filter(name="shipping.OrderShipped").count() == IN_STOCK


@pytest.mark.parametrize("skew", [A_DAY, -A_DAY], ids=["fast", "slow"])
def test_r32_the_clock_of_a_worker_is_a_day_wrong(skew: float, monkeypatch: pytest.MonkeyPatch) -> None:
    first, before = order(quantity=1), database_time()  # the customer's account is as old as Django says
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + skew)
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(time.time(), UTC))
    second = order(quantity=1)
    bring_to_the_end()
    assert {status(first), status(second)} == {"shipped"}
    assert_times_lie_between(before - timedelta(minutes=1), database_time())
    for order_id in (first, second):
        times = [event.occurred_at for event in history_of(order_id)]
        assert times == sorted(times)


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def assert_times_lie_between(earliest: datetime, latest: datetime) -> None:
    times = [
        *EventRow.objects.values_list("occurred_at", flat=True),
        *Delivery.objects.values_list("done_at", flat=True),
        *Dispatch.objects.values_list("closed_at", flat=True),
        *Order.objects.values_list("placed_at", flat=True),
        *Order.objects.values_list("status_since", flat=True),
        *Payment.objects.values_list("state_since", flat=True),
        *Shipment.objects.values_list("shipped_at", flat=True),
    ]
    assert all(time is not None and earliest <= time <= latest for time in times)
