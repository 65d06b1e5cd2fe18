"""Races for money: taken once, for an order that is wanted, and given back once if it is not."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest

from orders.models import Product
from orders.status import attention_of
from outbox.models import Delivery
from outbox.testing import make_due, published, run_until_quiet
from payments import gateway
from payments.models import Payment
from payments.reactions import CapturePayment, close_payment, expire_payment
from payments.readers import OrderCancelled, StockReserved
from payments.services import NothingToRefund, hear_of_charge, retry_refund
from tests.domain.feeding import feed
from tests.domain.journeys import bring_to_the_end, cancel, happened, held_up, known_order, order, status
from tests.domain.test_refunds import capturing
from tests.outbox.rings import work
from tests.outbox.threads import together
from tests.races.meeting import ROUNDS, assert_cancelled, assert_nothing_open, assert_shipped, due, kept, meet, one_of

pytestmark = pytest.mark.django_db(transaction=True)

CAPTURE, CLOSE, EXPIRE = "payments.capture_payment", "payments.close_payment", "payments.expire_payment"
OK, DECLINED, ANSWER_LOST = "pm_card_ok", "pm_card_declined_expired", "pm_card_timeout_unknown"
capture_payment = CapturePayment()


def payment(order_id: UUID) -> Payment:
    return Payment.objects.get(order_id=order_id)


def times(order_id: UUID, name: str) -> int:
    """How often this has happened to the order."""
    return len(published(f"payments.{name}", order_id=order_id))


@pytest.mark.parametrize("method", [OK, DECLINED])
def test_r04_cancel_while_the_charge_is_in_flight(method: str) -> None:
    for _ in range(ROUNDS):
        order_id = known_order(method)
        with held_up(CAPTURE, CLOSE):
            cancel(order_id)
        meet(CAPTURE, CLOSE)
        assert_cancelled(order_id)
        one_of(order_id, "PaymentVoided", "PaymentDeclined", "PaymentRefunded")


def test_r04_cancel_at_the_moment_in_which_the_provider_answers() -> None:
    for _ in range(ROUNDS * 3):
        intent = capturing()
        outcome = capture_payment.call(intent)
        cancelled = OrderCancelled(order_id=intent.order_id)
        answers = together(partial(feed, capture_payment.record, outcome), partial(feed, close_payment, cancelled))
        names = [type(answer).__name__ for (answer,) in answers]
        assert names in (["PaymentCaptured", "PaymentRefundStarted"], ["LatePaymentReceived", "Ignored"])


def test_r08_stock_reserved_reaches_payments_together_with_placed() -> None:
    for _ in range(ROUNDS):
        order_id = order()
        with held_up("payments.capture_payment"):
            pass
        meet("payments.capture_payment", "payments.capture_payment")
        assert_shipped(order_id)
        assert times(order_id, "PaymentCaptured") == 1


def test_r10_the_message_of_a_capture_comes_three_times_at_once_and_again_later() -> None:
    order_id = known_order()
    with held_up(CAPTURE):
        pass
    (message,) = due(CAPTURE)
    together(*[partial(work, message)] * 3)
    assert_shipped(order_id)
    deliveries = Delivery.objects.filter(reaction_id=CAPTURE, event__name="inventory.StockReserved")
    deliveries.update(state="waiting", dispatch=None, done_at=None)
    assert_shipped(order_id)
    again = deliveries.get()
    assert (again.state, again.outcome) == ("ignored", "the payment is already captured")
    assert times(order_id, "PaymentCaptured") == 1


def test_r11_a_worker_dies_between_the_charge_and_its_record() -> None:
    order_id = known_order()
    with held_up(CAPTURE):
        (intent,) = feed(capture_payment.prepare, StockReserved(order_id=order_id))
        charged = gateway.capture(intent).answer
    assert payment(order_id).state == "capturing"
    assert_shipped(order_id)
    assert isinstance(charged, gateway.Charged)
    assert (payment(order_id).provider_ref, times(order_id, "PaymentCaptured")) == (charged.reference, 1)


def test_r12_the_outcome_is_unknown_when_the_deadline_comes() -> None:
    order_id = order(ANSWER_LOST)
    run_until_quiet()
    assert payment(order_id).state == "capturing"
    assert not happened(order_id) & {"PaymentCaptured", "PaymentDeclined"}
    make_due()
    meet(CAPTURE, EXPIRE)
    assert_shipped(order_id)
    assert (times(order_id, "PaymentCaptured"), times(order_id, "PaymentExpired")) == (1, 0)


def test_r13_the_deadline_meets_the_capture() -> None:
    for _ in range(ROUNDS):
        order_id = known_order()
        with held_up(CAPTURE, EXPIRE):
            feed(expire_payment, StockReserved(order_id=order_id))
            assert payment(order_id).state == "in_grace"
            make_due()
        meet(CAPTURE, EXPIRE)
        decided = one_of(order_id, "PaymentExpired", "PaymentCaptured")
        (assert_cancelled if decided == "PaymentExpired" else assert_shipped)(order_id)
        one_of(order_id, "PaymentExpired", "PaymentCaptured")


def test_r14_the_provider_reports_money_after_the_deadline() -> None:
    order_id = known_order()
    with held_up(CAPTURE):
        make_due()
        run_until_quiet()
        make_due()
    expired = payment(order_id)
    amount = expired.due
    assert amount is not None
    assert expired.state == "expired"
    charge = gateway.provider().capture(expired.idempotency_key, amount, expired.method)
    assert isinstance(charge, gateway.Charged)
    report = partial(hear_of_charge, payment_id=expired.pk, attempt=1, provider="sandbox", reference=charge.reference)
    together(report, report)
    with held_up("payments.refund_payment"):
        assert "late_money" in attention_of({f"payments.{name}" for name in happened(order_id)})
        assert kept(order_id)
    assert_cancelled(order_id)
    assert (times(order_id, "LatePaymentReceived"), times(order_id, "PaymentRefunded")) == (1, 1)
    assert "PaymentCaptured" not in happened(order_id)


def test_r15_the_provider_reports_and_answers_at_the_same_moment() -> None:
    for _ in range(ROUNDS * 3):
        intent = capturing()
        outcome = capture_payment.call(intent)
        assert isinstance(outcome.answer, gateway.Charged)
        payment_id, reference = payment(intent.order_id).pk, outcome.answer.reference
        report = partial(hear_of_charge, payment_id=payment_id, attempt=1, provider="sandbox", reference=reference)
        (answer,), *_ = together(partial(feed, capture_payment.record, outcome), report, report)
        reported = times(intent.order_id, "PaymentCaptured")
        assert (type(answer).__name__, reported) in (("PaymentCaptured", 0), ("Ignored", 1))


def test_r16_the_refund_fails_and_two_of_the_staff_try_again_at_once() -> None:
    order_id = order("pm_card_ok_refund_fails")
    with held_up("shipping.buy_label"):
        cancel(order_id)
    bring_to_the_end()
    assert (status(order_id), kept(order_id)) == ("cancelling", True)

    def retry() -> bool:
        try:
            retry_refund(payment_id=payment(order_id).pk)
        except NothingToRefund:
            return False
        return True

    assert sorted(together(retry, retry)) == [False, True]
    assert_cancelled(order_id)
    assert [times(order_id, name) for name in ("PaymentRefundFailed", "PaymentRefunded")] == [1, 1]


def test_r19_the_price_changes_between_placing_and_paying() -> None:
    order_id = order(quantity=2)
    with held_up("payments.capture_payment"):
        Product.objects.update(unit_price=99_999)
    bring_to_the_end()
    (captured,) = Delivery.objects.filter(event__name="payments.PaymentCaptured", reaction="shipping.buy_label")
    assert captured.event.payload["amount"] == {"amount": 2 * 1_999, "currency": "EUR"}
    assert status(order_id) == "shipped"
    assert_nothing_open()
