"""Taking the money: once, when the order and its stock are known, and kept only if nobody has cancelled meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from outbox import Batch, Ignored, Money, Waiting, publish
from payments.events import (
    LatePaymentReceived,
    PaymentCaptured,
    PaymentDeclined,
    PaymentOpened,
    PaymentVoided,
)
from payments.gateway import CaptureIntent, CaptureOutcome, Charged, Declined, Opened
from payments.models import Payment
from payments.readers import OrderPlaced, StockReserved
from payments.services.keeping import Heard, ignored, locked, move, note, write

State = Payment.State
AtProvider = TypeVar("AtProvider", PaymentOpened, PaymentCaptured, LatePaymentReceived)

WITHDRAWN = "withdrawn"


class UnknownCharge(LookupError):
    """No payment has asked for this charge."""


class WrongAmount(ValueError):
    """The provider has taken another amount than was due."""


Prepared = CaptureIntent | Waiting | Ignored


def prepare_captures(news: Batch[OrderPlaced | StockReserved | PaymentOpened]) -> Iterator[Prepared]:
    """Marks each payment of which both the amount and the reservation are known: its provider is about to be asked.

    One that is marked already is asked again, by the same key.
    """
    opened = {event.order_id: event.provider_ref for event in news if isinstance(event, PaymentOpened)}
    payments = note(_heard(event) for event in news)
    answers = [_prepared(payment, opened.get(payment.order_id, "")) for payment in payments]
    wanted = {answer.order_id for answer in answers if isinstance(answer, CaptureIntent)}
    move([payment for payment in payments if payment.order_id in wanted and payment.untouched], State.CAPTURING)
    yield from answers


def _heard(event: OrderPlaced | StockReserved | PaymentOpened) -> Heard:
    if isinstance(event, OrderPlaced):
        return Heard(
            order_id=event.order_id,
            amount=event.total.amount,
            currency=event.total.currency,
            method=event.payment_method,
        )
    return Heard(order_id=event.order_id, stock_reserved=True)  # an opened one has been reserved before


def _prepared(payment: Payment, opened: str) -> Prepared:
    if not (payment.untouched or payment.awaits(opened)):
        return ignored(payment)
    if (amount := payment.due) is None:
        return Waiting(payment.order_id, for_="orders.OrderPlaced")
    if not payment.stock_reserved:
        return Waiting(payment.order_id, for_="inventory.StockReserved")
    return CaptureIntent(
        order_id=payment.order_id,
        key=payment.idempotency_key,
        amount=amount,
        method=payment.method,
        opened=payment.provider_ref,
        wanted=not payment.cancelled,
    )


Captured = PaymentCaptured | PaymentDeclined | LatePaymentReceived | PaymentOpened | PaymentVoided


def record_captures(outcomes: Sequence[CaptureOutcome]) -> Iterator[Captured | Ignored]:
    """Writes down what the provider answered, each answer once; what comes after a cancellation is late money."""
    payments = locked(outcome.order_id for outcome in outcomes)
    fresh = [outcome for outcome in outcomes if _is_news(outcome, payments[outcome.order_id])]
    answers = [_recorded(outcome, payments[outcome.order_id]) for outcome in fresh]
    write([payments[outcome.order_id] for outcome in fresh])
    yield from answers
    for order_id in payments.keys() - {outcome.order_id for outcome in fresh}:
        yield ignored(payments[order_id])


def _is_news(outcome: CaptureOutcome, payment: Payment) -> bool:
    return payment.awaits() if isinstance(outcome.answer, Opened) else payment.state == State.CAPTURING


def _recorded(outcome: CaptureOutcome, payment: Payment) -> Captured:
    payment.provider = outcome.provider
    if isinstance(outcome.answer, Charged):
        payment.provider_ref = outcome.answer.reference
        return _taken(payment, outcome.amount)
    if isinstance(outcome.answer, Opened):
        payment.provider_ref = outcome.answer.reference
        return _as(PaymentOpened, payment, outcome.amount)
    return _not_taken(payment, outcome.answer.code if isinstance(outcome.answer, Declined) else WITHDRAWN)


def _not_taken(payment: Payment, code: str) -> PaymentDeclined | PaymentVoided:
    """Nothing was taken, and nothing will be. What was withdrawn although nobody had cancelled cannot be paid."""
    if code == WITHDRAWN and payment.cancelled:
        payment.become(State.VOIDED)
        return PaymentVoided(order_id=payment.order_id, payment_id=payment.pk)
    payment.become(State.DECLINED)
    payment.decline_code = code
    return PaymentDeclined(order_id=payment.order_id, payment_id=payment.pk, attempt=payment.attempt, code=code)


def _taken(payment: Payment, amount: Money) -> PaymentCaptured | LatePaymentReceived:
    """The provider has the money: it is ours if the capture was still wanted, else it goes back at once."""
    if payment.state == State.CAPTURING and not payment.cancelled:
        payment.become(State.CAPTURED)
        return _as(PaymentCaptured, payment, amount)
    payment.become(State.REFUNDING)
    payment.late, payment.refund_attempt = True, 1
    return _as(LatePaymentReceived, payment, amount)


def _as(kind: type[AtProvider], payment: Payment, amount: Money) -> AtProvider:
    return kind(
        order_id=payment.order_id,
        payment_id=payment.pk,
        attempt=payment.attempt,
        amount=amount,
        provider=payment.provider,
        provider_ref=payment.provider_ref,
    )


def hear_of_charge(
    *, payment_id: UUID, attempt: int, provider: str, reference: str, charged: Money | None = None
) -> None:
    """Takes note of a charge that the provider reports by itself, before its answer, beside it, or long after.

    Reported or answered, the first one counts. What comes when the payment is closed already is late money. `charged`
    is the amount, if the provider says it.

    Raises:
        UnknownCharge: nobody has asked for it.
        WrongAmount: another amount is due.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).filter(pk=payment_id, attempt=attempt).first()
        if payment is None or (amount := payment.due) is None or payment.untouched:
            raise UnknownCharge(UnknownCharge.__doc__)
        if charged not in (None, amount):
            raise WrongAmount(WrongAmount.__doc__)
        if payment.state in (State.CAPTURING, State.DECLINED, State.EXPIRED, State.VOIDED):
            payment.provider, payment.provider_ref = provider, reference
            event = _taken(payment, amount)
            write([payment])
            publish(event)
