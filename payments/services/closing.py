"""Closing the book: of a cancelled order nothing is taken and nothing kept; and the time to pay is limited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from outbox import Batch, Ignored, NotReadyYet
from payments.events import PaymentExpired, PaymentRefundStarted, PaymentVoided
from payments.models import Payment
from payments.readers import OrderCancelled, StockReserved
from payments.services.keeping import Heard, ignored, locked, move, note, write
from payments.services.refunding import start_refund

State = Payment.State

CLOSED_BY = {
    State.DECLINED: "PaymentDeclined",
    State.EXPIRED: "PaymentExpired",
    State.VOIDED: "PaymentVoided",
    State.REFUNDED: "PaymentRefunded",
}
Closed = PaymentVoided | PaymentRefundStarted | Ignored


def close(cancelled: Batch[OrderCancelled]) -> Iterator[Closed]:
    """Voids what is not taken yet, gives back what is, and remembers the cancellation of what is being taken.

    An order that is not known yet is remembered as cancelled.
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
        return start_refund(payment)
    if state == State.CAPTURING:
        return Ignored(order_id, "remembered: the provider has been asked, and its answer closes the book")
    if state in (State.REFUNDING, State.REFUND_FAILED):
        return ignored(payment)
    payment.become(State.VOIDED)
    return PaymentVoided(order_id=order_id, payment_id=payment.pk if payment.known else None)


def expire(reserved: Batch[StockReserved]) -> Iterator[PaymentExpired | Ignored | NotReadyYet]:
    """Closes each payment whose time is over, unless the provider has been asked: then its answer decides.

    The row lock under which a capture is prepared decides here as well, so it is one of the two and never both.
    """
    payments = locked(reserved.order_ids)
    young = _just_started(reserved.order_ids)
    answers = [_expired(event.order_id, payments.get(event.order_id), young) for event in reserved]
    expired = [payments[answer.order_id] for answer in answers if isinstance(answer, PaymentExpired)]
    move(expired, State.EXPIRED)
    yield from answers


def _just_started(order_ids: Sequence[UUID]) -> set[UUID]:
    """The orders whose capture a worker has hardly had the time to go on with, however late it was started."""
    young = Payment.objects.filter(order_id__in=order_ids, state_since__gt=Now() - settings.PAYMENT_GRACE)
    return set(young.values_list("order_id", flat=True))


def _expired(order_id: UUID, payment: Payment | None, young: Set[UUID]) -> PaymentExpired | Ignored | NotReadyYet:
    if payment is None or payment.state == State.WAITING:
        # Stock is reserved for orders that exist, so the delivery that would start the capture is still open. An
        # outage of ours is not the customer's delay.
        return NotReadyYet(order_id, "the capture could not be started yet")
    if payment.state == State.CAPTURING:
        return Ignored(order_id, "the provider has been asked, and its answer decides")
    if payment.state != State.STARTED:
        return ignored(payment)
    if order_id in young:
        return NotReadyYet(order_id, "the capture has only just been started")
    return PaymentExpired(order_id=order_id, payment_id=payment.pk)
