"""Races for a part of the money: two refunds that are too much together, and a refund against a cancellation."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest

from outbox import Money
from outbox.models import Event
from payments.models import Payment, Refund
from payments.reactions import RefundPart, close_payment
from payments.readers import OrderCancelled
from payments.services import NothingToRefund, NotTheAmount, refund_part
from tests.domain.feeding import feed
from tests.domain.journeys import bring_to_the_end, cancel, held_up, order, status
from tests.domain.test_partial_refunds import part_of
from tests.domain.test_refunds import captured
from tests.outbox.threads import together
from tests.races.meeting import ROUNDS, assert_nothing_open, meet

pytestmark = pytest.mark.django_db(transaction=True)

PART, CLOSE = "payments.refund_part", "payments.close_payment"
effect = RefundPart()


def refunded(order_id: UUID, amount: int) -> bool:
    """Whether staff could start to give this much back."""
    payment_id = Payment.objects.get(order_id=order_id).pk
    try:
        refund_part(payment_id=payment_id, amount=Money(amount=amount, currency="EUR"), reason="other")
    except (NothingToRefund, NotTheAmount):
        return False
    return True


def given_back(order_id: UUID) -> int:
    """How much has gone back, in parts and at the end."""
    names = ("payments.PaymentPartlyRefunded", "payments.PaymentRefunded")
    events = Event.objects.filter(order_id=order_id, name__in=names)
    return sum(event.payload["amount"]["amount"] for event in events)


def test_r33_two_refunds_that_are_too_much_together() -> None:
    for _ in range(ROUNDS * 3):
        taken = captured()
        more_than_half = taken.amount.amount // 2 + 1
        attempt = partial(refunded, taken.order_id, more_than_half)
        assert sorted(together(attempt, attempt)) == [False, True]
        payment = Payment.objects.get(order_id=taken.order_id)
        assert (payment.giving_back, Refund.objects.filter(payment=payment).count()) == (more_than_half, 1)


def test_r34_a_refund_is_asked_for_at_the_moment_of_the_cancellation() -> None:
    for _ in range(ROUNDS * 3):
        taken = captured()
        close = partial(feed, close_payment, OrderCancelled(order_id=taken.order_id))
        ((answer,), started) = together(close, partial(refunded, taken.order_id, 500))
        assert (type(answer).__name__, started) in (("PaymentRefundStarted", False), ("NotReadyYet", True))


def test_r34_a_part_is_answered_at_the_moment_of_the_cancellation() -> None:
    for _ in range(ROUNDS * 3):
        taken = captured()
        (intent,) = feed(effect.prepare, part_of(taken.order_id))
        record = partial(feed, effect.record, effect.call(intent))
        close = partial(feed, close_payment, OrderCancelled(order_id=taken.order_id))
        ((answer,), _) = together(close, record)
        kept = Payment.objects.get(order_id=taken.order_id)
        assert (kept.given_back, kept.giving_back) == (500, 0)
        if type(answer).__name__ != "NotReadyYet":
            assert answer.amount == Money(amount=taken.amount.amount - 500, currency="EUR")


def test_r34_a_part_on_its_way_meets_the_cancellation() -> None:
    for _ in range(ROUNDS):
        order_id = order()
        with held_up("shipping.buy_label", PART):
            pass
        with held_up("shipping.buy_label", PART, CLOSE):
            part_of(order_id)
            cancel(order_id)
        meet(PART, CLOSE)
        bring_to_the_end()
        assert status(order_id) == "cancelled"
        assert given_back(order_id) == Payment.objects.get(order_id=order_id).amount
        assert_nothing_open()
