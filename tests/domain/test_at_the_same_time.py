"""What two workers do at the same moment: a join starts once, and an order is either shipped or stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from outbox import Money, NotReadyYet
from payments import reactions as payments
from payments import readers as paying
from shipping import reactions as shipping
from shipping import readers as delivering
from tests.domain.feeding import feed

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = delivering.Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB")
ROUNDS = 20
CAPTURE, BUY = payments.CapturePayment(), shipping.BuyLabel()


def at_once(*calls: Callable[[], list[Any]]) -> list[str]:
    """Makes the calls from a thread each, at the same moment, and returns the kinds of all answers."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], list[Any]]) -> list[Any]:
        barrier.wait(timeout=10)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(type(answer).__name__ for answers in threads.map(run, calls) for answer in answers)


def to_pay(order_id: UUID) -> paying.OrderPlaced:
    return paying.OrderPlaced(order_id=order_id, total=Money(amount=1, currency="EUR"), payment_method="pm_card_ok")


def to_ship(order_id: UUID) -> delivering.OrderPlaced:
    return delivering.OrderPlaced(order_id=order_id, lines=(), ship_to=ADDRESS)


def test_both_halves_of_a_join_arrive_and_one_of_them_starts_it() -> None:
    order_ids = [uuid4() for _ in range(ROUNDS)]
    placed = [to_pay(order_id) for order_id in order_ids]
    reserved = [paying.StockReserved(order_id=order_id) for order_id in reversed(order_ids)]
    answers = at_once(lambda: feed(CAPTURE.prepare, *placed), lambda: feed(CAPTURE.prepare, *reserved))
    assert answers == ["CaptureIntent"] * ROUNDS + ["Waiting"] * ROUNDS


def test_payment_and_cancellation_arrive_and_exactly_one_of_them_decides() -> None:
    for _ in range(ROUNDS):
        order_id = uuid4()
        feed(BUY.prepare, to_ship(order_id))
        paid, cancelled = delivering.PaymentCaptured(order_id=order_id), delivering.OrderCancelled(order_id=order_id)
        answers = at_once(partial(feed, BUY.prepare, paid), partial(feed, shipping.stop_shipment, cancelled))
        assert answers in (["Ignored", "ShipmentStopped"], ["LabelIntent", "NotReadyYet"])


def test_a_label_is_bought_and_the_shipment_is_stopped_and_exactly_one_of_them_happens() -> None:
    for _ in range(ROUNDS):
        order_id = uuid4()
        feed(BUY.prepare, to_ship(order_id))
        paid = delivering.PaymentCaptured(order_id=order_id)
        wanted = delivering.OrderCancellationRequested(order_id=order_id)
        answers = at_once(partial(feed, BUY.prepare, paid), partial(feed, shipping.decide_cancellation, wanted))
        assert answers in (["Ignored", "ShipmentStopped"], ["LabelIntent", "NotReadyYet"])


def test_the_deadline_and_the_capture_come_together_and_exactly_one_of_them_decides() -> None:
    for _ in range(ROUNDS):
        order_id = uuid4()
        feed(CAPTURE.prepare, to_pay(order_id))
        reserved = paying.StockReserved(order_id=order_id)
        assert [type(answer) for answer in feed(payments.expire_payment, reserved)] == [NotReadyYet]  # overdue now
        answers = at_once(partial(feed, CAPTURE.prepare, reserved), partial(feed, payments.expire_payment, reserved))
        assert answers in (["CaptureIntent", "Ignored"], ["Ignored", "PaymentExpired"])
