"""A part of the money goes back while the order goes on; a cancellation afterwards gives back what is left."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from outbox import Ignored, Money, NotReadyYet
from outbox.testing import published
from payments.events import (
    PartialRefundDropped,
    PartialRefundFailed,
    PartialRefundStarted,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentRefundStarted,
)
from payments.models import Payment, Refund
from payments.reactions import RefundPart, close_payment
from payments.services import NothingToRefund, NotTheAmount, RefundInProgress, drop_part, refund_part, retry_part
from tests.domain.feeding import feed, statements
from tests.domain.test_payments import EUROS
from tests.domain.test_refunds import REFUND_FAILS, cancelled, captured, payment, refund

refund_part_effect = RefundPart()
SOME = Money(amount=500, currency="EUR")
LEFT = Money(amount=EUROS.amount - SOME.amount, currency="EUR")


def part_of(order_id: UUID, amount: Money | None = SOME) -> PartialRefundStarted:
    made = refund_part(payment_id=payment(order_id).pk, amount=amount, reason="damaged")
    (started,) = [
        event for event in published("payments.PartialRefundStarted") if getattr(event, "refund_id", None) == made.pk
    ]
    assert isinstance(started, PartialRefundStarted)
    return started


def give(*due: PartialRefundStarted) -> list[object]:
    outcomes = [refund_part_effect.call(intent) for intent in feed(refund_part_effect.prepare, *due)]
    return feed(refund_part_effect.record, *outcomes)


@pytest.mark.django_db
class TestAPart:
    def test_goes_back(self) -> None:
        taken = captured()
        due = part_of(taken.order_id)
        assert (due.amount, due.reason, due.attempt) == (SOME, "damaged", 1)
        (answer,) = give(due)
        assert isinstance(answer, PaymentPartlyRefunded)
        assert (answer.refund_id, answer.amount, answer.reason) == (due.refund_id, SOME, "damaged")
        kept = payment(taken.order_id)
        assert (kept.state, kept.given_back, kept.giving_back, kept.left) == ("captured", 500, 0, LEFT)
        assert Refund.objects.get().provider_ref == answer.provider_ref

    def test_after_a_doubt_the_provider_is_asked_first(self) -> None:
        due = part_of(captured().order_id)
        (intent,) = feed(refund_part_effect.prepare, due)
        assert refund_part_effect.look_up(intent) is None
        given = refund_part_effect.call(intent)
        assert feed(refund_part_effect.prepare, due) == [intent]
        assert refund_part_effect.look_up(intent) == refund_part_effect.call(intent) == given

    def test_recorded_twice_changes_nothing(self) -> None:
        due = part_of(captured().order_id)
        (intent,) = feed(refund_part_effect.prepare, due)
        outcome = refund_part_effect.call(intent)
        feed(refund_part_effect.record, outcome)
        again = [Ignored(due.order_id, "the refund is already refunded")]
        assert feed(refund_part_effect.record, outcome) == feed(refund_part_effect.prepare, due) == again
        assert payment(due.order_id).given_back == 500

    def test_may_be_all_that_is_left(self) -> None:
        taken = captured()
        give(part_of(taken.order_id))
        assert part_of(taken.order_id, None).amount == LEFT
        with pytest.raises(RefundInProgress):
            part_of(taken.order_id, None)

    def test_of_nothing_more_is_refused(self) -> None:
        taken = captured()
        give(part_of(taken.order_id, None))
        with pytest.raises(NothingToRefund):
            part_of(taken.order_id)

    @pytest.mark.parametrize(
        ("amount", "currency"), [(0, "EUR"), (-1, "EUR"), (EUROS.amount + 1, "EUR"), (500, "USD"), (10**30, "EUR")]
    )
    def test_of_another_amount_is_refused(self, amount: int, currency: str) -> None:
        taken = captured()
        with pytest.raises(NotTheAmount):
            part_of(taken.order_id, Money(amount=amount, currency=currency))
        assert published("payments.PartialRefundStarted") == []

    def test_that_is_promised_counts_before_it_is_given(self) -> None:
        taken = captured()
        part_of(taken.order_id, LEFT)
        with pytest.raises(NotTheAmount):
            part_of(taken.order_id, Money(amount=501, currency="EUR"))
        assert part_of(taken.order_id, SOME).amount == SOME

    def test_the_database_has_the_last_word_on_the_sum(self) -> None:
        taken = captured()
        for column in ("given_back", "giving_back"):
            with pytest.raises(IntegrityError, match="payment_never_gives_back_more"), transaction.atomic():
                Payment.objects.filter(order_id=taken.order_id).update(**{column: EUROS.amount + 1})

    def test_that_the_provider_refuses_is_tried_again_by_staff_under_a_new_key(self) -> None:
        due = part_of(captured(REFUND_FAILS).order_id)
        (answer,) = give(due)
        assert isinstance(answer, PartialRefundFailed)
        assert (answer.code, payment(due.order_id).giving_back, Refund.objects.get().state) == (
            "refund_failed", 0, "refund_failed",
        )  # fmt: skip
        retry_part(refund_id=due.refund_id)
        again = published("payments.PartialRefundStarted")[-1]
        assert isinstance(again, PartialRefundStarted)
        assert (again.refund_id, again.attempt) == (due.refund_id, 2)
        with pytest.raises(RefundInProgress):
            retry_part(refund_id=due.refund_id)
        assert isinstance(give(again)[0], PaymentPartlyRefunded)
        with pytest.raises(NothingToRefund):
            retry_part(refund_id=due.refund_id)
        assert payment(due.order_id).given_back == 500

    def test_that_staff_has_settled_in_another_way_is_not_tried_again(self) -> None:
        due = part_of(captured(REFUND_FAILS).order_id)
        with pytest.raises(RefundInProgress):
            drop_part(refund_id=due.refund_id)
        give(due)
        drop_part(refund_id=due.refund_id)
        assert published("payments.PartialRefundDropped") == [
            PartialRefundDropped(order_id=due.order_id, payment_id=due.payment_id, refund_id=due.refund_id, amount=SOME)
        ]
        assert (Refund.objects.get().state, payment(due.order_id).left) == ("dropped", EUROS)
        for remedy in (retry_part, drop_part):
            with pytest.raises(NothingToRefund):
                remedy(refund_id=due.refund_id)
        ignored = Ignored(due.order_id, "the refund is already dropped")
        assert feed(refund_part_effect.prepare, due) == [ignored]

    def test_of_what_is_not_there_is_refused(self) -> None:
        with pytest.raises(NothingToRefund):
            refund_part(payment_id=uuid4(), reason="other")
        with pytest.raises(NothingToRefund):
            retry_part(refund_id=uuid4())


@pytest.mark.django_db
class TestACancellationAfterwards:
    def test_gives_back_what_is_left(self) -> None:
        taken = captured()
        give(part_of(taken.order_id))
        (started,) = feed(close_payment, cancelled(taken.order_id))
        assert isinstance(started, PaymentRefundStarted)
        assert started.amount == LEFT
        (answer,) = refund(started)
        assert isinstance(answer, PaymentRefunded)
        assert answer.amount == LEFT

    def test_closes_the_book_at_once_if_nothing_is_left(self) -> None:
        taken = captured()
        give(part_of(taken.order_id, None))
        (answer,) = feed(close_payment, cancelled(taken.order_id))
        assert isinstance(answer, PaymentRefunded)
        assert (answer.amount.amount, payment(taken.order_id).state) == (0, "refunded")

    def test_waits_for_what_is_on_its_way_and_lets_nothing_follow(self) -> None:
        taken = captured()
        due = part_of(taken.order_id)
        (waits,) = feed(close_payment, cancelled(taken.order_id))
        assert isinstance(waits, NotReadyYet)
        assert waits.reason == "a part of the money is on its way back"
        with pytest.raises(RefundInProgress):
            part_of(taken.order_id)
        give(due)
        (started,) = feed(close_payment, cancelled(taken.order_id))
        assert isinstance(started, PaymentRefundStarted)
        assert started.amount == LEFT

    def test_gives_back_what_failed_with_the_rest(self) -> None:
        taken = captured(REFUND_FAILS)
        due = part_of(taken.order_id)
        give(due)
        (started,) = feed(close_payment, cancelled(taken.order_id))
        assert isinstance(started, PaymentRefundStarted)
        assert started.amount == EUROS
        with pytest.raises(RefundInProgress):
            retry_part(refund_id=due.refund_id)


@pytest.mark.django_db
def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(2) == _counts(20)


def _counts(size: int) -> list[int]:
    due = [part_of(captured().order_id) for _ in range(size)]
    prepared = statements(refund_part_effect.prepare, *due)
    outcomes = [refund_part_effect.call(intent) for intent in feed(refund_part_effect.prepare, *due)]
    return [prepared, statements(refund_part_effect.record, *outcomes)]
