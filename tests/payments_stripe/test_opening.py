"""The two halves of a capture as reactions: each does its own once, and as many statements for fifty as for two."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from outbox import Ignored
from payments.events import PaymentCaptured, PaymentOpened, PaymentVoided
from payments.gateway import CaptureIntent, CaptureOutcome, Charged, Opened, Withdrawn
from payments.models import Payment
from payments.reactions import CapturePayment, close_payment
from payments.readers import OrderCancelled
from tests.domain.feeding import feed, statements
from tests.domain.test_payments import EUROS, due

pytestmark = pytest.mark.django_db

capture_payment = CapturePayment()


def outcome(intent: CaptureIntent, answer: Charged | Opened | Withdrawn) -> CaptureOutcome:
    return CaptureOutcome(order_id=intent.order_id, amount=intent.amount, provider="stripe", answer=answer)


def opened() -> PaymentOpened:
    (intent,) = feed(capture_payment.prepare, due("pm_card_visa"))
    assert (intent.opened, intent.wanted) == ("", True)
    (event,) = feed(capture_payment.record, outcome(intent, Opened(reference=f"pi_{intent.key}")))
    assert isinstance(event, PaymentOpened)
    return event


class TestOpening:
    def test_keeps_the_name_and_takes_nothing(self) -> None:
        event = opened()
        payment = Payment.objects.get(order_id=event.order_id)
        assert (payment.state, payment.provider, payment.provider_ref) == ("capturing", "stripe", event.provider_ref)
        assert (event.amount, event.attempt) == (EUROS, 1)

    def test_is_not_done_again(self) -> None:
        begun = due("pm_card_visa")
        (intent,) = feed(capture_payment.prepare, begun)
        feed(capture_payment.record, outcome(intent, Opened(reference="pi_1")))
        assert feed(capture_payment.prepare, begun) == [Ignored(begun.order_id, "the payment is already capturing")]

    def test_is_said_once_if_it_was_asked_for_twice(self) -> None:
        (intent,) = feed(capture_payment.prepare, due("pm_card_visa"))
        first, second = (outcome(intent, Opened(reference="pi_1")) for _ in range(2))
        assert isinstance(feed(capture_payment.record, first)[0], PaymentOpened)
        assert feed(capture_payment.record, second) == [Ignored(intent.order_id, "the payment is already capturing")]

    def test_leads_to_taking_the_money_under_that_name(self) -> None:
        event = opened()
        (intent,) = feed(capture_payment.prepare, event)
        assert (intent.opened, intent.wanted, intent.amount) == (event.provider_ref, True, EUROS)
        (answer,) = feed(capture_payment.record, outcome(intent, Charged(reference=intent.opened)))
        assert isinstance(answer, PaymentCaptured)
        assert feed(capture_payment.prepare, event) == [Ignored(event.order_id, "the payment is already captured")]

    def test_leads_to_nothing_if_the_order_is_cancelled_meanwhile(self) -> None:
        event = opened()
        feed(close_payment, OrderCancelled(order_id=event.order_id))
        (intent,) = feed(capture_payment.prepare, event)
        assert (intent.opened, intent.wanted) == (event.provider_ref, False)
        closed = PaymentVoided(order_id=event.order_id, payment_id=event.payment_id)
        assert feed(capture_payment.record, outcome(intent, Withdrawn())) == [closed]
        again = Ignored(event.order_id, "already closed by PaymentVoided")
        assert feed(close_payment, OrderCancelled(order_id=event.order_id)) == [again]


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(2) == _counts(50)
    assert max(_counts(2)) <= 2


def _counts(size: int) -> Sequence[int]:
    intents = feed(capture_payment.prepare, *(due("pm_card_visa") for _ in range(size)))
    opening = [outcome(intent, Opened(reference=f"pi_{intent.key}")) for intent in intents]
    recorded = statements(capture_payment.record, *opening)
    opened = [
        PaymentOpened(
            order_id=payment.order_id,
            payment_id=payment.pk,
            attempt=1,
            amount=EUROS,
            provider="stripe",
            provider_ref=payment.provider_ref,
        )
        for payment in Payment.objects.filter(order_id__in=[one.order_id for one in opening])
    ]
    return [recorded, statements(capture_payment.prepare, *opened)]
