"""The payments as rows: opened by whichever event comes first, locked in the order of their orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.db import connection
from django.db.models.functions import Now

from outbox import Ignored
from payments.models import Payment

# Notes what was heard, opens what is missing, and locks and returns the row: one statement, so that of two events
# that come at the same time one sees the other's.
NOTE = """
INSERT INTO payments_payment AS kept (id, order_id, amount, currency, method, stock_reserved, cancelled)
SELECT id, order_id, amount, currency, method, stock_reserved, cancelled
FROM jsonb_to_recordset(%s::jsonb) AS heard (
    id uuid, order_id uuid, amount bigint, currency text, method text, stock_reserved boolean, cancelled boolean)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET
    amount = coalesce(kept.amount, EXCLUDED.amount),
    currency = coalesce(nullif(kept.currency, ''), EXCLUDED.currency),
    method = coalesce(nullif(kept.method, ''), EXCLUDED.method),
    stock_reserved = kept.stock_reserved OR EXCLUDED.stock_reserved,
    cancelled = kept.cancelled OR EXCLUDED.cancelled
RETURNING *
"""

CHANGE = """
UPDATE payments_payment AS kept
SET state = changed.state, state_since = statement_timestamp(), provider = changed.provider,
    provider_ref = changed.provider_ref, decline_code = changed.decline_code, late = changed.late,
    refund_attempt = changed.refund_attempt, refund_ref = changed.refund_ref, refund_code = changed.refund_code
FROM jsonb_to_recordset(%s::jsonb) AS changed (
    id uuid, state text, provider text, provider_ref text, decline_code text, late boolean,
    refund_attempt smallint, refund_ref text, refund_code text)
WHERE kept.id = changed.id
"""
CHANGEABLE = (
    "id", "state", "provider", "provider_ref", "decline_code", "late", "refund_attempt", "refund_ref", "refund_code",
)  # fmt: skip


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says about a payment."""

    order_id: UUID
    id: UUID = msgspec.field(default_factory=uuid_utils.compat.uuid7)
    amount: int | None = None
    currency: str = ""
    method: str = ""
    stock_reserved: bool = False
    cancelled: bool = False


def note(heard: Iterable[Heard]) -> list[Payment]:
    """Adds what was heard to the payments, opening the missing ones, and returns them locked."""
    return list(Payment.objects.raw(NOTE, [msgspec.json.encode(list(heard)).decode()]))


def locked(order_ids: Iterable[UUID]) -> dict[UUID, Payment]:
    """Returns those of the orders' payments that exist, locked."""
    rows = Payment.objects.select_for_update(no_key=True).filter(order_id__in=order_ids).order_by("order_id")
    return {row.order_id: row for row in rows}


def move(payments: Sequence[Payment], state: Payment.State) -> None:
    """Brings locked payments into this state."""
    for payment in payments:
        payment.become(state)
    Payment.objects.filter(pk__in=[payment.pk for payment in payments]).update(state=state, state_since=Now())


def write(payments: Sequence[Payment]) -> None:
    """Writes down what locked payments have become."""
    rows = [{name: getattr(payment, name) for name in CHANGEABLE} for payment in payments]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(CHANGE, [msgspec.json.encode(rows).decode()])


def ignored(payment: Payment) -> Ignored:
    """Says that nothing had to be done, since the payment is where it is."""
    return Ignored(payment.order_id, f"the payment is already {payment.state}")
