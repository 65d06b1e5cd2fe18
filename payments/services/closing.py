"""Closing the book: of a cancelled order nothing is taken and nothing kept; and the time to pay is limited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from outbox import Batch, Ignored, Money, NotReadyYet
from payments.events import PaymentExpired, PaymentRefunded, PaymentRefundStarted, PaymentVoided
from payments.models import Payment
from payments.readers import OrderCancelled, StockReserved
from payments.services.keeping import Heard, ignored, move, note, write
from payments.services.refunding import start_refund

State = Payment.State

CLOSED_BY = {
    State.DECLINED: "PaymentDeclined",
    State.EXPIRED: "PaymentExpired",
    State.VOIDED: "PaymentVoided",
    State.REFUNDED: "PaymentRefunded",
}
# Between two looks at whether a part has come back; its effect is tried for half an hour.
WHILE_A_PART_RETURNS = timedelta(seconds=5)
Closed = PaymentVoided | PaymentRefundStarted | PaymentRefunded | NotReadyYet | Ignored


def close(cancelled: Batch[OrderCancelled]) -> Iterator[Closed]:
    """Voids what is not taken yet, gives back what is, and remembers the cancellation of what is being taken.

    An order that is not known yet is remembered as cancelled. While a part is on its way back nobody knows how much is
    left; from now on no other part may follow it.
    """
    payments = note(Heard(order_id=event.order_id, cancelled=True) for event in cancelled)
    before = {payment.pk: payment.state for payment in payments}
    answers = [_closed(payment) for payment in payments]
    write([payment for payment in payments if payment.state != before[payment.pk]])
    yield from answers


def _closed(payment: Payment) -> Closed:
    order_id, state = payment.order_id, State(payment.state)
    if state in CLOSED_BY:
        return Ignored(order_id, f"already closed by {CLOSED_BY[state]}")
    if state == State.CAPTURED:
        return _given_back(payment)
    if state == State.CAPTURING:
        return Ignored(order_id, "remembered: the provider has been asked, and its answer closes the book")
    if state in (State.REFUNDING, State.REFUND_FAILED):
        return ignored(payment)
    payment.become(State.VOIDED)
    return PaymentVoided(order_id=order_id, payment_id=payment.pk if payment.known else None)


def _given_back(payment: Payment) -> PaymentRefundStarted | PaymentRefunded | NotReadyYet:
    """Gives back what has not gone back in parts; if nothing is left, the book is closed with that."""
    if payment.giving_back:
        return NotReadyYet(payment.order_id, "a part of the money is on its way back", again_in=WHILE_A_PART_RETURNS)
    if payment.given_back < (payment.amount or 0) or not payment.given_back:
        return start_refund(payment)
    payment.become(State.REFUNDED)
    return PaymentRefunded(
        order_id=payment.order_id,
        payment_id=payment.pk,
        attempt=payment.refund_attempt,
        amount=Money(amount=0, currency=payment.currency),
        reason="cancelled",
        provider=payment.provider,
        provider_ref="",
    )


def expire(reserved: Batch[StockReserved]) -> Iterator[PaymentExpired | Ignored | NotReadyYet]:
    """Closes each payment whose time is over, unless the provider has been asked: then its answer decides.

    The row lock under which a capture is prepared decides here as well, so it is one of the two and never both.
    Stock is reserved for orders that exist, so the delivery that would ask the provider is still open. That is our
    delay, not the customer's: from now on there is a grace in which workers that come back may still begin.
    """
    payments = note(Heard(order_id=event.order_id) for event in reserved)
    in_grace = _still_in_grace(reserved.order_ids)
    answers = [_expired(payment, in_grace) for payment in payments]
    move([payment for payment in payments if payment.state == State.WAITING], State.IN_GRACE)
    expired = {answer.order_id for answer in answers if isinstance(answer, PaymentExpired)}
    move([payment for payment in payments if payment.order_id in expired], State.EXPIRED)
    yield from answers


def _still_in_grace(order_ids: Sequence[UUID]) -> set[UUID]:
    """The orders whose payment is in its grace, and has not been for as long as that lasts."""
    since = Now() - settings.PAYMENT_GRACE
    payments = Payment.objects.filter(order_id__in=order_ids, state=State.IN_GRACE, state_since__gt=since)
    return set(payments.values_list("order_id", flat=True))


def _expired(payment: Payment, in_grace: Set[UUID]) -> PaymentExpired | Ignored | NotReadyYet:
    order_id = payment.order_id
    if payment.state == State.CAPTURING:
        return Ignored(order_id, "the provider has been asked, and its answer decides")
    if not payment.untouched:
        return ignored(payment)
    if payment.state == State.WAITING or order_id in in_grace:
        reason = "the time to pay is over, and the provider could not be asked yet"
        return NotReadyYet(order_id, reason, again_in=settings.PAYMENT_GRACE)
    return PaymentExpired(order_id=order_id, payment_id=payment.pk)
