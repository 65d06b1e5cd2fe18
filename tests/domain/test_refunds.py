"""Money that has to go back goes back once, or is owed until it has."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from orders.models import Order
from orders.status import attention_of
from outbox import Ignored
from outbox.testing import published
from payments import gateway
from payments.events import (
    LatePaymentReceived,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentRefundStarted,
)
from payments.gateway import CaptureIntent
from payments.models import Payment
from payments.reactions import CapturePayment, RefundPayment, close_payment
from payments.readers import OrderCancelled
from payments.services import NothingToRefund, UnknownCharge, hear_of_charge, retry_refund
from tests.domain.feeding import feed, statements
from tests.domain.journeys import bring_to_the_end, cancel, happened, held_up, order, status
from tests.domain.test_payments import DECLINED, EUROS, due, payment_of, prepare

REFUND_FAILS = "pm_card_ok_refund_fails"
capture_payment, refund_payment = CapturePayment(), RefundPayment()


def capturing(method: str = "pm_card_ok") -> CaptureIntent:
    (intent,) = prepare(due(method))
    assert isinstance(intent, CaptureIntent)
    return intent


def captured(method: str = "pm_card_ok") -> PaymentCaptured:
    (answer,) = feed(capture_payment.record, capture_payment.call(capturing(method)))
    assert isinstance(answer, PaymentCaptured)
    return answer


def cancelled(order_id: UUID) -> OrderCancelled:
    return OrderCancelled(order_id=order_id)


def refunding(method: str = "pm_card_ok") -> PaymentRefundStarted:
    (answer,) = feed(close_payment, cancelled(captured(method).order_id))
    assert isinstance(answer, PaymentRefundStarted)
    return answer


def refund(*due: PaymentRefundStarted | LatePaymentReceived) -> list[object]:
    outcomes = [refund_payment.call(intent) for intent in feed(refund_payment.prepare, *due)]
    return feed(refund_payment.record, *outcomes)


def payment(order_id: UUID) -> Payment:
    return Payment.objects.get(order_id=order_id)


@pytest.mark.django_db
class TestGivingBack:
    def test_starts_when_the_order_is_cancelled(self) -> None:
        taken = captured()
        assert feed(close_payment, cancelled(taken.order_id)) == [
            PaymentRefundStarted(
                order_id=taken.order_id, payment_id=taken.payment_id, attempt=1, amount=EUROS, reason="cancelled"
            )
        ]
        again = Ignored(taken.order_id, "the payment is already refunding")
        assert feed(close_payment, cancelled(taken.order_id)) == [again]

    def test_gives_back(self) -> None:
        due = refunding()
        (answer,) = refund(due)
        assert isinstance(answer, PaymentRefunded)
        assert (answer.amount, answer.reason, answer.attempt) == (EUROS, "cancelled", 1)
        assert payment(due.order_id).refund_ref == answer.provider_ref
        closed = Ignored(due.order_id, "already closed by PaymentRefunded")
        assert feed(close_payment, cancelled(due.order_id)) == [closed]

    def test_after_a_doubt_the_provider_is_asked_first(self) -> None:
        due = refunding()
        (intent,) = feed(refund_payment.prepare, due)
        assert refund_payment.look_up(intent) is None
        given = refund_payment.call(intent)
        assert feed(refund_payment.prepare, due) == [intent]
        assert refund_payment.look_up(intent) == refund_payment.call(intent) == given

    def test_recorded_twice_changes_nothing(self) -> None:
        due = refunding()
        outcomes = [refund_payment.call(intent) for intent in feed(refund_payment.prepare, due)]
        feed(refund_payment.record, *outcomes)
        again = [Ignored(due.order_id, "the payment is already refunded")]
        assert feed(refund_payment.record, *outcomes) == feed(refund_payment.prepare, due) == again

    def test_that_the_provider_refuses_is_tried_again_by_staff_under_a_new_key(self) -> None:
        due = refunding(REFUND_FAILS)
        assert refund(due) == [
            PaymentRefundFailed(
                order_id=due.order_id, payment_id=due.payment_id, attempt=1, amount=EUROS, code="refund_failed"
            )
        ]
        retry_refund(payment_id=due.payment_id)
        (again,) = published("payments.PaymentRefundStarted")
        assert isinstance(again, PaymentRefundStarted)
        assert again.attempt == 2
        (answer,) = refund(again)
        assert isinstance(answer, PaymentRefunded)
        assert feed(refund_payment.prepare, due) == [Ignored(due.order_id, "the payment is already refunded")]

    def test_only_what_has_failed_is_tried_again(self) -> None:
        due = refunding()
        for payment_id in (due.payment_id, uuid4()):
            with pytest.raises(NothingToRefund):
                retry_refund(payment_id=payment_id)

    def test_no_more_than_was_taken(self) -> None:
        taken = captured()
        provider = gateway.provider()
        assert isinstance(provider.refund(str(uuid4()), taken.provider_ref, EUROS), gateway.Refunded)
        assert provider.refund(str(uuid4()), taken.provider_ref, EUROS) == gateway.RefundRefused(
            code="already_refunded"
        )
        assert provider.refund(str(uuid4()), "ch_no_such", EUROS) == gateway.RefundRefused(code="unknown_charge")


@pytest.mark.django_db
class TestLateMoney:
    def test_is_never_called_captured(self) -> None:
        intent = capturing()
        remembered = Ignored(intent.order_id, "remembered: the provider has been asked, and its answer closes the book")
        assert feed(close_payment, cancelled(intent.order_id)) == [remembered]
        (late,) = feed(capture_payment.record, capture_payment.call(intent))
        assert isinstance(late, LatePaymentReceived)
        (answer,) = refund(late)
        assert isinstance(answer, PaymentRefunded)
        assert (answer.reason, payment(intent.order_id).late) == ("late", True)

    def test_a_refusal_closes_the_book(self) -> None:
        intent = capturing(DECLINED)
        feed(close_payment, cancelled(intent.order_id))
        (answer,) = feed(capture_payment.record, capture_payment.call(intent))
        assert isinstance(answer, PaymentDeclined)

    @pytest.mark.parametrize("closed", ["declined", "expired", "voided"])
    def test_reported_when_the_payment_is_closed_goes_back(self, closed: str) -> None:
        payment = payment_of(due())
        Payment.objects.update(state=closed)
        hear_of_charge(payment_id=payment.pk, attempt=1, provider="sandbox", reference="ch_1")
        (late,) = published()
        assert isinstance(late, LatePaymentReceived)
        assert late.provider_ref == "ch_1"


@pytest.mark.django_db
class TestReportsOfTheProvider:
    def test_of_a_charge_count_once_whichever_comes_first(self) -> None:
        intent = capturing()
        outcome = capture_payment.call(intent)
        for _ in range(2):
            hear_of_charge(payment_id=payment(intent.order_id).pk, attempt=1, provider="sandbox", reference="ch_1")
        assert [type(event) for event in published()] == [PaymentCaptured]
        assert feed(capture_payment.record, outcome) == [Ignored(intent.order_id, "the payment is already captured")]

    def test_of_what_was_never_asked_for_change_nothing(self) -> None:
        known = payment_of(due()).pk
        for payment_id, attempt in ((known, 1), (known, 2), (uuid4(), 1)):
            with pytest.raises(UnknownCharge):
                hear_of_charge(payment_id=payment_id, attempt=attempt, provider="sandbox", reference="ch_1")
        assert published() == []


@pytest.mark.django_db(transaction=True)
def test_an_order_whose_refund_fails_stays_open_until_staff_has_it_paid_back() -> None:
    order_id = order(REFUND_FAILS)
    with held_up("shipping.buy_label"):
        cancel(order_id)
    bring_to_the_end()
    assert status(order_id) == "cancelling"
    assert attention_of(set(Order.objects.get(pk=order_id).seen)) == ["money_owed"]
    retry_refund(payment_id=payment(order_id).pk)
    bring_to_the_end()
    assert status(order_id) == "cancelled"
    assert attention_of(set(Order.objects.get(pk=order_id).seen)) == []
    assert happened(order_id) >= {"PaymentRefundFailed", "PaymentRefunded"}


@pytest.mark.django_db
def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(2) == _counts(30) == [2, 1, 2]


def _counts(size: int) -> list[int]:
    taken = [captured() for _ in range(size)]
    closed = statements(close_payment, *(cancelled(event.order_id) for event in taken))
    owed = [refunding() for _ in range(size)]
    prepared = statements(refund_payment.prepare, *owed)
    outcomes = [refund_payment.call(intent) for intent in feed(refund_payment.prepare, *owed)]
    recorded = statements(refund_payment.record, *outcomes)
    return [closed, prepared, recorded]
