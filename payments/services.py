"""The use cases of payments, the only writers of its table. Payments are locked in the order of their orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.db import connection
from django.db.models.functions import Now

from outbox import Batch, Ignored, NotReadyYet, Waiting
from payments.events import PaymentCaptured, PaymentCaptureStarted, PaymentDeclined, PaymentVoided
from payments.gateway import CaptureIntent, CaptureOutcome, Charged
from payments.models import Payment
from payments.readers import OrderCancelled, OrderPlaced, StockReserved

State = Payment.State

# Notes what was heard, opens what is missing, and locks and returns the row: one statement, so that of two events
# that come at the same time one sees the other's.
NOTE = """
INSERT INTO payments_payment AS kept (id, order_id, amount, currency, method, stock_reserved)
SELECT id, order_id, amount, currency, method, stock_reserved
FROM jsonb_to_recordset(%s::jsonb) AS heard (
    id uuid, order_id uuid, amount bigint, currency text, method text, stock_reserved boolean)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET
    amount = coalesce(kept.amount, EXCLUDED.amount),
    currency = coalesce(nullif(kept.currency, ''), EXCLUDED.currency),
    method = coalesce(nullif(kept.method, ''), EXCLUDED.method),
    stock_reserved = kept.stock_reserved OR EXCLUDED.stock_reserved
RETURNING *
"""

RECORD = """
UPDATE payments_payment AS kept
SET state = outcome.state, state_since = statement_timestamp(), provider = outcome.provider,
    provider_ref = outcome.provider_ref, decline_code = outcome.decline_code
FROM jsonb_to_recordset(%s::jsonb) AS outcome (
    id uuid, state text, provider text, provider_ref text, decline_code text)
WHERE kept.id = outcome.id
"""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says about a payment."""

    order_id: UUID
    id: UUID = msgspec.field(default_factory=uuid_utils.compat.uuid7)
    amount: int | None = None
    currency: str = ""
    method: str = ""
    stock_reserved: bool = False


def start_captures(
    news: Batch[OrderPlaced | StockReserved],
) -> Iterator[PaymentCaptureStarted | Waiting | Ignored]:
    """Starts the capture of each order of which both the amount and the reservation are known now."""
    payments = _note(_heard(event) for event in news)
    answers = [_started(payment) for payment in payments]
    started = {answer.order_id for answer in answers if isinstance(answer, PaymentCaptureStarted)}
    _move([payment for payment in payments if payment.order_id in started], State.STARTED)
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
        return Ignored(payment.order_id, f"the payment is already {payment.state}")
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
    payments = _locked(started.order_ids)
    intents = {e.order_id: _intent(e, payments[e.order_id]) for e in started if payments[e.order_id].awaits(e.attempt)}
    _move([payments[order_id] for order_id in intents if payments[order_id].state == State.STARTED], State.CAPTURING)
    yield from intents.values()
    for order_id in payments.keys() - intents.keys():
        yield Ignored(order_id, f"the payment is already {payments[order_id].state}")


def _intent(started: PaymentCaptureStarted, payment: Payment) -> CaptureIntent:
    return CaptureIntent(
        order_id=started.order_id, key=payment.idempotency_key, amount=started.amount, method=started.method
    )


def record_captures(outcomes: Sequence[CaptureOutcome]) -> Iterator[PaymentCaptured | PaymentDeclined | Ignored]:
    """Writes down what the provider answered, each answer once."""
    payments = _locked(outcome.order_id for outcome in outcomes)
    fresh = [outcome for outcome in outcomes if payments[outcome.order_id].state == State.CAPTURING]
    for outcome in fresh:
        charged = isinstance(outcome.answer, Charged)
        payments[outcome.order_id].become(State.CAPTURED if charged else State.DECLINED)
    _execute(RECORD, [_row(outcome, payments[outcome.order_id]) for outcome in fresh])
    yield from (_recorded(outcome, payments[outcome.order_id]) for outcome in fresh)
    for order_id in payments.keys() - {outcome.order_id for outcome in fresh}:
        yield Ignored(order_id, f"the payment is already {payments[order_id].state}")


def _row(outcome: CaptureOutcome, payment: Payment) -> dict[str, object]:
    answer = outcome.answer
    return {
        "id": payment.pk,
        "state": payment.state,
        "provider": outcome.provider,
        "provider_ref": answer.reference if isinstance(answer, Charged) else "",
        "decline_code": "" if isinstance(answer, Charged) else answer.code,
    }


def _recorded(outcome: CaptureOutcome, payment: Payment) -> PaymentCaptured | PaymentDeclined:
    order_id, answer = outcome.order_id, outcome.answer
    if not isinstance(answer, Charged):
        return PaymentDeclined(order_id=order_id, payment_id=payment.pk, attempt=payment.attempt, code=answer.code)
    return PaymentCaptured(
        order_id=order_id,
        payment_id=payment.pk,
        attempt=payment.attempt,
        amount=outcome.amount,
        provider=outcome.provider,
        provider_ref=answer.reference,
    )


CLOSED_BY = {State.DECLINED: "PaymentDeclined", State.VOIDED: "PaymentVoided"}


def void(cancelled: Batch[OrderCancelled]) -> Iterator[PaymentVoided | Ignored | NotReadyYet]:
    """Sees to it that nothing is taken for the orders; one that is not known yet is remembered as cancelled."""
    payments = _note(Heard(order_id=event.order_id) for event in cancelled)
    answers = [_voided(payment) for payment in payments]
    _move([payment for payment in payments if payment.state in (State.WAITING, State.STARTED)], State.VOIDED)
    yield from answers


def _voided(payment: Payment) -> PaymentVoided | Ignored | NotReadyYet:
    order_id, state = payment.order_id, State(payment.state)
    if state in CLOSED_BY:
        return Ignored(order_id, f"already closed by {CLOSED_BY[state]}")
    if state in (State.CAPTURING, State.CAPTURED):
        # Money that is being taken cannot be voided. Whoever cancels such an order has to bring the refund along.
        return NotReadyYet(order_id, f"the payment is {state} and cannot be voided")
    return PaymentVoided(order_id=order_id, payment_id=payment.pk if payment.known else None)


def _note(heard: Iterable[Heard]) -> list[Payment]:
    """Adds what was heard to the payments, opening the missing ones, and returns them locked."""
    return list(Payment.objects.raw(NOTE, [_json(list(heard))]))


def _locked(order_ids: Iterable[UUID]) -> dict[UUID, Payment]:
    rows = Payment.objects.select_for_update(no_key=True).filter(order_id__in=order_ids).order_by("order_id")
    return {row.order_id: row for row in rows}


def _move(payments: Sequence[Payment], state: Payment.State) -> None:
    for payment in payments:
        payment.become(state)
    Payment.objects.filter(pk__in=[payment.pk for payment in payments]).update(state=state, state_since=Now())


def _execute(sql: str, rows: Sequence[object]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(sql, [_json(rows)])


def _json(rows: Sequence[object]) -> str:
    return msgspec.json.encode(rows).decode()
