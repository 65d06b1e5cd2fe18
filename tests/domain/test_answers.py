"""Where is my order, and why? The answer's own words, for orders that the real engine has brought to where they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as project
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import services as inventory
from orders import services
from orders.models import Order
from outbox.expectations import World, look_around
from outbox.heartbeats import beat
from outbox.models import Delivery, Heartbeat, Reaction
from outbox.testing import deliver, run_until_quiet
from payments import sandbox
from tests.domain.asking import asked, at, event, put_off, told
from tests.domain.journeys import bring_to_the_end, cancel, held_up, order, status

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED = "pm_card_declined_insufficient_funds"
ANSWER_LOST = "pm_card_timeout_unknown"
UNDECIDED = "pm_card_slow_20s"


@pytest.fixture(autouse=True)
def _everybody_works() -> None:
    beat("relay@here:1", "relay")
    beat("worker@here:2", "worker", project.QUEUES)


class TestAnOrderThatIsDone:
    def test_says_that_it_is_shipped(self) -> None:
        order_id = order()
        run_until_quiet()
        shipped_at = event(order_id, "shipping.OrderShipped").occurred_at
        Order.objects.filter(pk=order_id).update(placed_at=shipped_at - timedelta(milliseconds=740))
        answer = asked(order_id, since="shipping.OrderShipped")
        assert answer.sentence == (
            f"Shipped: shipping.OrderShipped at {at(order_id, 'shipping.OrderShipped')}, "
            "740 ms after it was placed. Nothing more is to come."
        )
        assert (answer.also, answer.owed, answer.books) == ([], [], [])

    def test_says_that_it_was_out_of_stock(self) -> None:
        order_id = order(quantity=100)
        bring_to_the_end()
        answer = asked(order_id, since="orders.OrderCancelled")
        assert answer.sentence == (
            f"Cancelled at {at(order_id, 'orders.OrderCancelled')}, because the stock did not suffice "
            f"(inventory.StockReservationFailed at {at(order_id, 'inventory.StockReservationFailed')}). "
            "All three books are closed. Nothing more is to come."
        )
        assert (answer.also, answer.owed) == ([], [])

    def test_says_that_its_payment_was_declined(self) -> None:
        order_id = order(DECLINED)
        bring_to_the_end()
        answer = asked(order_id, since="orders.OrderCancelled")
        assert answer.sentence == (
            f"Cancelled at {at(order_id, 'orders.OrderCancelled')}, because the payment was declined "
            f"(payments.PaymentDeclined at {at(order_id, 'payments.PaymentDeclined')}). "
            "All three books are closed. Nothing more is to come."
        )
        assert [book.closed_by and book.closed_by.name for book in answer.books] == [
            "inventory.StockReleased",
            "payments.PaymentDeclined",
            "shipping.ShipmentStopped",
        ]


class TestAnOrderThatWaits:
    def test_for_a_payment_that_is_tried_again(self) -> None:
        order_id = order(ANSWER_LOST)
        run_until_quiet()
        put_off(order_id, "payments.capture_payment", since="inventory.StockReserved", seconds=60)
        answer = asked(order_id, since="inventory.StockReserved")
        assert answer.sentence == (
            f"Waiting for payments since {at(order_id, 'inventory.StockReserved')} (42 s, normally 3 s) "
            "to answer inventory.StockReserved. Delivery attempt 1 of 16 failed: OutcomeUnknown; "
            "next try in 18 s. Then PaymentCaptured, PaymentDeclined, LatePaymentReceived, "
            "PaymentOpened or PaymentVoided."
        )
        assert [(one.reaction, one.reason) for one in answer.owed] == [
            ("payments.capture_payment", "retry"),
            ("shipping.buy_label", "waits for another event"),
            ("payments.expire_payment", "timer"),
        ]

    def test_and_is_cancelled_while_its_payment_is_captured(self) -> None:
        order_id = order(ANSWER_LOST)
        run_until_quiet()
        cancel(order_id)
        run_until_quiet()
        assert status(order_id) == "cancelling"
        put_off(order_id, "payments.capture_payment", since="inventory.StockReserved", seconds=60)
        answer = asked(order_id, since="inventory.StockReserved")
        assert answer.sentence == (
            f"Being cancelled since {at(order_id, 'orders.OrderCancelled')}, because the customer wanted it "
            f"(shipping.ShipmentStopped at {at(order_id, 'shipping.ShipmentStopped')}). The book of payments is open. "
            f"Waiting for payments since {at(order_id, 'inventory.StockReserved')} (42 s, normally 3 s) "
            "to answer inventory.StockReserved. Delivery attempt 1 of 16 failed: OutcomeUnknown; "
            "next try in 18 s. Then PaymentCaptured, PaymentDeclined, LatePaymentReceived, "
            "PaymentOpened or PaymentVoided."
        )
        assert [book.module for book in answer.books if book.open_since] == ["payments"]

    def test_for_staff_when_its_refund_has_failed(self) -> None:
        order_id = order("pm_card_ok_refund_fails")
        with held_up("shipping.buy_label"):
            cancel(order_id)
        bring_to_the_end()
        answer = asked(order_id, since="payments.PaymentRefundFailed")
        assert answer.sentence == (
            f"Being cancelled since {at(order_id, 'orders.OrderCancelled')}, because the customer wanted it "
            f"(shipping.ShipmentStopped at {at(order_id, 'shipping.ShipmentStopped')}). The book of payments is open. "
            f"Money is owed: payments could not give it back (payments.PaymentRefundFailed at "
            f"{at(order_id, 'payments.PaymentRefundFailed')}). Staff has to refund it again."
        )

    def test_for_an_operator_when_a_delivery_is_parked(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.OUTBOX = {"strict": True, "effect_max_attempts": 2}
        monkeypatch.setattr(sandbox, "SLOW", {UNDECIDED: 3_600.0})
        monkeypatch.setattr(sandbox, "CLIENT_TIMEOUT", 0.05)
        order_id = order(UNDECIDED)
        for _ in range(2):
            run_until_quiet()
            Delivery.objects.filter(reaction="payments.capture_payment").update(
                due_at=event(order_id, "orders.OrderPlaced").occurred_at
            )
        parked = Delivery.objects.get(state="parked")
        assert parked.done_at
        answer = asked(order_id, since="inventory.StockReserved")
        assert answer.sentence == (
            f"Waiting for payments since {at(order_id, 'inventory.StockReserved')} (42 s, normally 3 s) "
            "to answer inventory.StockReserved. Its delivery was parked at "
            f"{told(parked.done_at)}: {parked.outcome}. "
            "An operator has to deliver it again or to skip it. "
            "Then PaymentCaptured, PaymentDeclined, LatePaymentReceived, "
            "PaymentOpened or PaymentVoided."
        )
        assert parked.outcome.endswith("(after 2 attempts)")

    def test_for_a_worker(self) -> None:
        order_id = order()
        with held_up("payments.capture_payment"):
            pass
        Heartbeat.objects.filter(kind="worker").update(queues=["orders", "payments"])
        answer = asked(order_id, since="orders.OrderPlaced")
        assert answer.sentence == (
            f"Waiting for payments since {at(order_id, 'orders.OrderPlaced')} (42 s, normally 3 s) "
            "to answer orders.OrderPlaced. No worker serves the queue payments.effects: "
            "there has been no sign of life. Then PaymentCaptured, PaymentDeclined, LatePaymentReceived, "
            "PaymentOpened or PaymentVoided."
        )

    def test_for_the_relay(self) -> None:
        order_id = order()
        last_sign = Heartbeat.objects.get(kind="relay").beat_at
        answer = asked(order_id, since="orders.OrderPlaced", heartbeats=list(Heartbeat.objects.all()))
        placed_at = at(order_id, "orders.OrderPlaced")
        assert answer.sentence == (
            f"Waiting for inventory since {placed_at} (42 s, overdue by 12 s) to answer orders.OrderPlaced. "
            f"No relay is at work: the last sign of life came at {told(last_sign)}. "
            "Then StockReserved or StockReservationFailed."
        )
        assert answer.also == []

    def test_for_a_reaction_that_is_paused(self) -> None:
        order_id = order()
        with held_up("payments.capture_payment"):
            pass
        Reaction.objects.filter(pk="payments.capture_payment").update(paused=True)
        answer = asked(order_id, since="orders.OrderPlaced")
        assert answer.sentence == (
            f"Waiting for payments since {at(order_id, 'orders.OrderPlaced')} (42 s, normally 3 s) "
            "to answer orders.OrderPlaced. payments.capture_payment is paused; an operator has to let it go on. "
            "Then PaymentCaptured, PaymentDeclined, LatePaymentReceived, PaymentOpened or PaymentVoided."
        )

    def test_for_an_answer_that_never_came(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.OUTBOX = {"strict": False}
        monkeypatch.setattr(inventory, "reserve", lambda placed: iter(()))
        order_id = order()
        run_until_quiet()
        done_at = Delivery.objects.get(order_id=order_id, reaction="inventory.reserve_stock").done_at
        assert done_at
        answer = asked(order_id, since="orders.OrderPlaced")
        assert answer.sentence == (
            f"inventory handled orders.OrderPlaced of {at(order_id, 'orders.OrderPlaced')} at "
            f"{told(done_at)} and answered nothing, "
            "though inventory.reserve_stock promises StockReserved or StockReservationFailed. "
            "No error was raised, and nothing more comes of it."
        )
        assert answer.also == [
            f"payments.capture_payment has orders.OrderPlaced since {at(order_id, 'orders.OrderPlaced')} and waits for "
            "inventory.StockReserved, but nobody who is at work can still publish that.",
            f"shipping.buy_label has orders.OrderPlaced since {at(order_id, 'orders.OrderPlaced')} and waits for "
            "payments.PaymentCaptured, but nobody who is at work can still publish that.",
        ]


def test_the_answers_for_many_orders_take_as_many_statements_as_for_one() -> None:
    few, many = [order(ANSWER_LOST, quantity=1)], [order(quantity=1) for _ in range(10)]
    deliver()
    assert _statements(few) == _statements([*few, *many]) == 8


def _statements(order_ids: list[UUID]) -> int:
    rows = list(Order.objects.filter(pk__in=order_ids))
    with CaptureQueriesContext(connection) as queries:
        services.answers(rows, look_around())
    return len(queries)


def test_what_is_usual_is_what_the_newest_deliveries_took() -> None:
    assert look_around().usual == {}
    for _ in range(5):
        order(quantity=1)
    run_until_quiet()
    world: World = look_around()
    assert timedelta(0) < world.usual["inventory.reserve_stock"] < timedelta(seconds=10)
    assert "payments.expire_payment" not in world.usual  # none of these has come to its end
    assert look_around(with_usual=False).usual == {}
