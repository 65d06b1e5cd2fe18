"""Taking the money: once, when the order and its stock are known, and kept only if nobody has cancelled meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction

from outbox import Batch, Ignored, Money, Waiting, publish
from payments.events import LatePaymentReceived, PaymentCaptured, PaymentCaptureStarted, PaymentDeclined
from payments.gateway import CaptureIntent, CaptureOutcome, Charged
from payments.models import Payment
from payments.readers import OrderPlaced, StockReserved
from payments.services.keeping import Heard, ignored, locked, move, note, write

State = Payment.State


class UnknownCharge(LookupError):
    """No payment has asked for this charge."""


def start_captures(news: Batch[OrderPlaced | StockReserved]) -> Iterator[PaymentCaptureStarted | Waiting | Ignored]:
    """Starts the capture of each order of which both the amount and the reservation are known now."""
    payments = note(_heard(event) for event in news)
    answers = [_started(payment) for payment in payments]
    started = {answer.order_id for answer in answers if isinstance(answer, PaymentCaptureStarted)}
    move([payment for payment in payments if payment.order_id in started], State.STARTED)
    yield from answers


def _heard(event: OrderPlaced | StockReserved) -> Heard:
    if isinstance(event, StockReserved):
        return Heard(order_id=event.order_id, stock_reserved=True)
    return Heard(
        order_id=event.order_id,
        amount=event.total.amount,
        currency=event.total.currency,
        method=event.payment_method,
    )


def _started(payment: Payment) -> PaymentCaptureStarted | Waiting | Ignored:
    if payment.state != State.WAITING:
        return ignored(payment)
    if (amount := payment.due) is None:
        return Waiting(payment.order_id, for_="orders.OrderPlaced")
    if not payment.stock_reserved:
        return Waiting(payment.order_id, for_="inventory.StockReserved")
    return PaymentCaptureStarted(
        order_id=payment.order_id,
        payment_id=payment.pk,
        attempt=payment.attempt,
        amount=amount,
        method=payment.method,
    )


def prepare_captures(started: Batch[PaymentCaptureStarted]) -> Iterator[CaptureIntent | Ignored]:
    """Marks the payments whose provider is about to be asked; one that is marked already is asked again, by one key."""
    payments = locked(started.order_ids)
    intents = {e.order_id: _intent(e, payments[e.order_id]) for e in started if payments[e.order_id].awaits(e.attempt)}
    move([payments[order_id] for order_id in intents if payments[order_id].state == State.STARTED], State.CAPTURING)
    yield from intents.values()
    for order_id in payments.keys() - intents.keys():
        yield ignored(payments[order_id])


def _intent(started: PaymentCaptureStarted, payment: Payment) -> CaptureIntent:
    return CaptureIntent(
        order_id=started.order_id, key=payment.idempotency_key, amount=started.amount, method=started.method
    )


Captured = PaymentCaptured | PaymentDeclined | LatePaymentReceived


def record_captures(outcomes: Sequence[CaptureOutcome]) -> Iterator[Captured | Ignored]:
    """Writes down what the provider answered, each answer once; what comes after a cancellation is late money."""
    payments = locked(outcome.order_id for outcome in outcomes)
    fresh = [outcome for outcome in outcomes if payments[outcome.order_id].state == State.CAPTURING]
    answers = [_recorded(outcome, payments[outcome.order_id]) for outcome in fresh]
    write([payments[outcome.order_id] for outcome in fresh])
    yield from answers
    for order_id in payments.keys() - {outcome.order_id for outcome in fresh}:
        yield ignored(payments[order_id])


def _recorded(outcome: CaptureOutcome, payment: Payment) -> Captured:
    payment.provider = outcome.provider
    if isinstance(outcome.answer, Charged):
        payment.provider_ref = outcome.answer.reference
        return _taken(payment, outcome.amount)
    payment.become(State.DECLINED)
    payment.decline_code = outcome.answer.code
    return PaymentDeclined(
        order_id=payment.order_id, payment_id=payment.pk, attempt=payment.attempt, code=payment.decline_code
    )


def _taken(payment: Payment, amount: Money) -> PaymentCaptured | LatePaymentReceived:
    """The provider has the money: it is ours if the capture was still wanted, else it goes back at once."""
    kind: type[PaymentCaptured | LatePaymentReceived] = PaymentCaptured
    if payment.state == State.CAPTURING and not payment.cancelled:
        payment.become(State.CAPTURED)
    else:
        payment.become(State.REFUNDING)
        payment.late, payment.refund_attempt = True, 1
        kind = LatePaymentReceived
    return kind(
        order_id=payment.order_id,
        payment_id=payment.pk,
        attempt=payment.attempt,
        amount=amount,
        provider=payment.provider,
        provider_ref=payment.provider_ref,
    )


def hear_of_charge(*, payment_id: UUID, attempt: int, provider: str, reference: str) -> None:
    """Takes note of a charge that the provider reports by itself, before its answer, beside it, or long after.

    Reported or answered, the first one counts. What comes when the payment is closed already is late money.

    Raises:
        UnknownCharge: nobody has asked for it.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).filter(pk=payment_id, attempt=attempt).first()
        if payment is None or (amount := payment.due) is None or payment.state in (State.WAITING, State.STARTED):
            raise UnknownCharge(UnknownCharge.__doc__)
        if payment.state in (State.CAPTURING, State.DECLINED, State.EXPIRED, State.VOIDED):
            payment.provider, payment.provider_ref = provider, reference
            event = _taken(payment, amount)
            write([payment])
            publish(event)
