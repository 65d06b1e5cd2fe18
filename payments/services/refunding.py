"""Giving the money back: once for each attempt, and by staff again under a new key if the provider refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction

from outbox import Batch, Ignored, Money, publish
from payments.events import (
    LatePaymentReceived,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentRefundStarted,
    RefundReason,
)
from payments.gateway import Refunded, RefundIntent, RefundOutcome
from payments.models import Payment
from payments.services.keeping import ignored, locked, write

State = Payment.State


class NothingToRefund(ValueError):
    """Only a refund that has failed can be tried again."""


class RefundInProgress(NothingToRefund):
    """The provider is being asked to give the money back; wait for its answer."""


def start_refund(payment: Payment) -> PaymentRefundStarted:
    """Brings a locked payment, in memory, to where the provider is asked to give the money back."""
    payment.become(State.REFUNDING)
    payment.refund_attempt += 1
    return PaymentRefundStarted(
        order_id=payment.order_id,
        payment_id=payment.pk,
        attempt=payment.refund_attempt,
        amount=_kept(payment),
        reason=_reason(payment),
    )


def retry_refund(*, payment_id: UUID) -> None:
    """Starts a refund that has failed once more, under a new key.

    Raises:
        RefundInProgress: it is under way again.
        NothingToRefund: it has not failed.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).filter(pk=payment_id).first()
        if payment is not None and payment.state == State.REFUNDING:
            raise RefundInProgress(RefundInProgress.__doc__)
        if payment is None or payment.state != State.REFUND_FAILED:
            raise NothingToRefund(NothingToRefund.__doc__)
        event = start_refund(payment)
        write([payment])
        publish(event)


def prepare_refunds(due: Batch[PaymentRefundStarted | LatePaymentReceived]) -> Iterator[RefundIntent | Ignored]:
    """Decides what to give back; that it is to be given back was committed with the event."""
    payments = locked(due.order_ids)
    for event in due:
        payment = payments[event.order_id]
        # Late money is the first to be given back for its payment.
        if payment.awaits_refund(event.attempt if isinstance(event, PaymentRefundStarted) else 1):
            yield RefundIntent(
                order_id=payment.order_id,
                key=payment.refund_key,
                reference=payment.provider_ref,
                amount=event.amount,
            )
        else:
            yield ignored(payment)


def record_refunds(outcomes: Sequence[RefundOutcome]) -> Iterator[PaymentRefunded | PaymentRefundFailed | Ignored]:
    """Writes down what the provider answered, each answer once."""
    payments = locked(outcome.order_id for outcome in outcomes)
    fresh = [outcome for outcome in outcomes if payments[outcome.order_id].state == State.REFUNDING]
    answers = [_recorded(outcome, payments[outcome.order_id]) for outcome in fresh]
    write([payments[outcome.order_id] for outcome in fresh])
    yield from answers
    for order_id in payments.keys() - {outcome.order_id for outcome in fresh}:
        yield ignored(payments[order_id])


def _recorded(outcome: RefundOutcome, payment: Payment) -> PaymentRefunded | PaymentRefundFailed:
    if isinstance(outcome.answer, Refunded):
        payment.become(State.REFUNDED)
        payment.refund_ref = outcome.answer.reference
        return PaymentRefunded(
            order_id=payment.order_id,
            payment_id=payment.pk,
            attempt=payment.refund_attempt,
            amount=outcome.amount,
            reason=_reason(payment),
            provider=outcome.provider,
            provider_ref=payment.refund_ref,
        )
    payment.become(State.REFUND_FAILED)
    payment.refund_code = outcome.answer.code
    return PaymentRefundFailed(
        order_id=payment.order_id,
        payment_id=payment.pk,
        attempt=payment.refund_attempt,
        amount=outcome.amount,
        code=payment.refund_code,
    )


def _kept(payment: Payment) -> Money:
    """What the provider has taken, which is what was due, and what has not gone back in parts."""
    assert payment.left is not None  # noqa: S101 - nothing is taken before the amount is known
    return payment.left


def _reason(payment: Payment) -> RefundReason:
    return "late" if payment.late else "cancelled"
