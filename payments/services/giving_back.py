"""Giving back a part of what was taken, while its order goes on: as often as staff wants, and never more than it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from outbox import Batch, Ignored, Money, publish
from payments.events import (
    PartialRefundDropped,
    PartialRefundFailed,
    PartialRefundStarted,
    PartReason,
    PaymentPartlyRefunded,
)
from payments.gateway import Refunded, RefundIntent, RefundOutcome
from payments.models import Payment, Refund
from payments.services.keeping import locked
from payments.services.refunding import NothingToRefund, RefundInProgress

State = Refund.State


class NotTheAmount(ValueError):
    """It is more than is left, nothing, or of another currency."""


def refund_part(*, payment_id: UUID, reason: PartReason, amount: Money | None = None) -> Refund:
    """Starts giving back this part of what was taken, or all that is left of it.

    Raises:
        RefundInProgress: all that is left is on its way back already.
        NothingToRefund: nothing was taken, its order is cancelled, or all of it has gone back.
        NotTheAmount: it is not a part of what is left.
    """
    with transaction.atomic():
        payment = _open(Payment.objects.select_for_update(no_key=True).filter(pk=payment_id).first())
        wanted = _part(payment, amount)
        refund = Refund(payment=payment, order_id=payment.order_id, amount=wanted.amount, reason=reason)
        _promise(payment, refund)
        refund.save(force_insert=True)
        publish(_started(refund))
    return refund


def retry_part(*, refund_id: UUID) -> Refund:
    """Starts a refund of a part that has failed once more, under a new key.

    Raises:
        RefundInProgress: it is under way.
        NothingToRefund: it has not failed, or its order is cancelled, so that it goes back with the rest.
        NotTheAmount: so much is not left any more.
    """
    with transaction.atomic():
        payment, refund = _failed(refund_id)
        _part(payment, refund.money)
        _promise(payment, refund)
        Refund.objects.filter(pk=refund.pk).update(
            state=State.REFUNDING, state_since=Now(), attempt=refund.attempt + 1, code=""
        )
        refund.refresh_from_db()
        publish(_started(refund))
    return refund


def drop_part(*, refund_id: UUID) -> None:
    """Gives up a refund of a part that has failed: staff has settled it in another way, and it is owed no more.

    What is left of the payment stays as it is: after a cancellation all of it goes back.

    Raises:
        RefundInProgress: it is under way.
        NothingToRefund: it has not failed, or its order is cancelled, so that it goes back with the rest.
    """
    with transaction.atomic():
        payment, refund = _failed(refund_id)
        Refund.objects.filter(pk=refund.pk).update(state=State.DROPPED, state_since=Now())
        publish(
            PartialRefundDropped(
                order_id=refund.order_id, payment_id=payment.pk, refund_id=refund.pk, amount=refund.money
            )
        )


def _failed(refund_id: UUID) -> tuple[Payment, Refund]:
    """Returns a refund that has failed, and its payment, locked."""
    payment = _open(Payment.objects.select_for_update(no_key=True, of=["self"]).filter(refunds=refund_id).first())
    refund = payment.refunds.get(pk=refund_id)
    if refund.state == State.REFUNDING:
        raise RefundInProgress(RefundInProgress.__doc__)
    if refund.state != State.REFUND_FAILED:
        raise NothingToRefund("Only a refund that has failed can be tried again, or settled in another way.")
    return payment, refund


def _open(payment: Payment | None) -> Payment:
    """Returns the locked payment, if parts of it may go back."""
    if payment is not None and payment.state == Payment.State.REFUNDING:
        raise RefundInProgress(RefundInProgress.__doc__)
    if payment is None or payment.state != Payment.State.CAPTURED:
        raise NothingToRefund("Nothing of it is to be given back.")
    if payment.cancelled:
        raise RefundInProgress("The order is cancelled: all that is left goes back by itself.")
    return payment


def _part(payment: Payment, amount: Money | None) -> Money:
    left = payment.left
    if left is None or left.amount <= 0:
        if payment.giving_back:
            raise RefundInProgress("All that is left is on its way back.")
        raise NothingToRefund("All of it has been given back.")
    if amount is None:
        return left
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        raise NotTheAmount(f"It has to be more than nothing, and not more than {left}.")
    return amount


def _promise(payment: Payment, refund: Refund) -> None:
    payment.giving_back += refund.amount
    payment.save(update_fields=["giving_back"])


def _started(refund: Refund) -> PartialRefundStarted:
    return PartialRefundStarted(
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        refund_id=refund.pk,
        attempt=refund.attempt,
        amount=refund.money,
        reason=_reason(refund),
    )


def prepare_parts(due: Batch[PartialRefundStarted]) -> Iterator[RefundIntent | Ignored]:
    """Decides which parts to give back; that they are to be given back was committed with the event."""
    payments = locked(due.order_ids)
    refunds = _refunds(payments, [event.refund_id for event in due])
    for event in due:
        refund = refunds[event.refund_id]
        if (refund.state, refund.attempt) == (State.REFUNDING, event.attempt):
            yield RefundIntent(
                order_id=refund.order_id,
                key=refund.key,
                reference=refund.payment.provider_ref,
                amount=refund.money,
                refund_id=refund.pk,
            )
        else:
            yield _ignored(refund)


def record_parts(outcomes: Sequence[RefundOutcome]) -> Iterator[PaymentPartlyRefunded | PartialRefundFailed | Ignored]:
    """Writes down what the provider answered, each answer once. What it refused is left to be given back again."""
    payments = locked(outcome.order_id for outcome in outcomes)
    refunds = _refunds(payments, [outcome.refund_id for outcome in outcomes if outcome.refund_id])
    answers = [_answered(outcome, refunds[outcome.refund_id]) for outcome in outcomes if outcome.refund_id]
    answered = {answer.order_id for answer in answers if not isinstance(answer, Ignored)}
    _write([refund for refund in refunds.values() if refund.order_id in answered])
    yield from answers


def _refunds(payments: Mapping[UUID, Payment], refund_ids: Sequence[UUID]) -> dict[UUID, Refund]:
    """Returns these refunds of locked payments; whoever changes one has locked its payment."""
    refunds = Refund.objects.in_bulk(refund_ids)
    for refund in refunds.values():
        refund.payment = payments[refund.order_id]
    return refunds


def _answered(outcome: RefundOutcome, refund: Refund) -> PaymentPartlyRefunded | PartialRefundFailed | Ignored:
    if refund.state != State.REFUNDING:
        return _ignored(refund)
    refund.payment.giving_back -= refund.amount
    if isinstance(outcome.answer, Refunded):
        refund.payment.given_back += refund.amount
        refund.state, refund.provider_ref = State.REFUNDED, outcome.answer.reference
        return PaymentPartlyRefunded(
            order_id=refund.order_id,
            payment_id=refund.payment_id,
            refund_id=refund.pk,
            attempt=refund.attempt,
            amount=outcome.amount,
            reason=_reason(refund),
            provider=outcome.provider,
            provider_ref=refund.provider_ref,
        )
    refund.state, refund.code = State.REFUND_FAILED, outcome.answer.code
    return PartialRefundFailed(
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        refund_id=refund.pk,
        attempt=refund.attempt,
        amount=outcome.amount,
        code=refund.code,
    )


def _write(refunds: Sequence[Refund]) -> None:
    for refund in refunds:
        refund.state_since = Now()
    Refund.objects.bulk_update(refunds, ["state", "state_since", "provider_ref", "code"])
    Payment.objects.bulk_update([refund.payment for refund in refunds], ["given_back", "giving_back"])


def _reason(refund: Refund) -> PartReason:
    return cast(PartReason, refund.reason)


def _ignored(refund: Refund) -> Ignored:
    return Ignored(refund.order_id, f"the refund is already {refund.state}")
