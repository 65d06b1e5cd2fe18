"""The sandbox provider: a pretended outside company that answers by payment method and honours idempotency keys."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from urllib.request import Request, urlopen
from uuid import uuid4

from django.conf import settings
from psycopg.rows import TupleRow

from api.signatures import sign
from outbox import Money
from outbox.sandbox import Ledger
from payments.gateway import TIMEOUT, Charged, Declined, OutcomeUnknown, Refunded, RefundRefused

# What becomes of a charge to each test method: nothing is wrong with it, or this code of refusal.
METHODS: dict[str, str] = {
    "pm_card_ok": "",
    "pm_card_declined_insufficient_funds": "insufficient_funds",
    "pm_card_declined_expired": "expired_card",
    "pm_card_timeout_unknown": "",
    "pm_card_slow_20s": "",
    "pm_card_ok_refund_fails": "",
    "pm_card_webhook_first": "",
}
ANSWER_IS_LOST = "pm_card_timeout_unknown"  # charged, but whoever asked hears nothing
WEBHOOK_FIRST = "pm_card_webhook_first"  # the charge is reported before it is answered
REFUND_FAILS = "pm_card_ok_refund_fails"  # the first time; under a new key it succeeds
SLOW = {"pm_card_slow_20s": 20.0}  # seconds until the charge is decided
UNKNOWN_METHOD = "unknown_method"
INVALID_AMOUNT = "invalid_amount"
LARGEST_AMOUNT = 2**63 - 1
WEBHOOK_TIMEOUT = 2.0
# Seconds after which we, as this company's client, stop waiting for its answer.
CLIENT_TIMEOUT = TIMEOUT - 1

CREATE = """
CREATE TABLE IF NOT EXISTS sandbox_provider.charge (
    key text PRIMARY KEY,
    amount numeric NOT NULL,
    currency text NOT NULL,
    method text NOT NULL,
    reference text NOT NULL,
    declined text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
ALTER TABLE sandbox_provider.charge ADD COLUMN IF NOT EXISTS decided_at timestamptz NOT NULL DEFAULT now();
CREATE TABLE IF NOT EXISTS sandbox_provider.refund (
    key text PRIMARY KEY,
    charge text NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    reference text NOT NULL,
    refused text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS charge_by_reference ON sandbox_provider.charge (reference);
CREATE INDEX IF NOT EXISTS refund_of_charge ON sandbox_provider.refund (charge)
"""

# Answers for a known key what it answered first; an update that changes nothing is how a conflict returns its row.
CHARGE = """
INSERT INTO sandbox_provider.charge AS kept (key, amount, currency, method, reference, declined, decided_at)
VALUES (%s, %s, %s, %s, %s, %s, now() + %s * interval '1 second') ON CONFLICT (key) DO UPDATE SET key = kept.key
RETURNING reference, declined, extract(epoch FROM decided_at - clock_timestamp())::float8
"""

LOOK_UP = """
SELECT reference, declined, extract(epoch FROM decided_at - clock_timestamp())::float8
FROM sandbox_provider.charge WHERE key = %s
"""

# Locked first, and by a statement of its own, so that of two refunds at once the second sees the first.
LOCK_CHARGE = "SELECT FROM sandbox_provider.charge WHERE reference = %s FOR UPDATE"
REFUND = """
INSERT INTO sandbox_provider.refund (key, charge, amount, currency, reference, refused)
SELECT %(key)s, %(charge)s, %(amount)s, %(currency)s, %(reference)s, CASE
    WHEN charge.reference IS NULL THEN 'unknown_charge'
    WHEN charge.method = %(failing)s AND refunds.times = 0 THEN 'refund_failed'
    WHEN refunds.amount + %(amount)s > charge.amount THEN 'already_refunded'
    ELSE '' END
FROM (SELECT count(*) AS times, coalesce(sum(amount) FILTER (WHERE refused = ''), 0) AS amount
      FROM sandbox_provider.refund WHERE charge = %(charge)s) AS refunds
LEFT JOIN sandbox_provider.charge
    ON charge.reference = %(charge)s AND charge.currency = %(currency)s AND charge.declined = ''
ON CONFLICT (key) DO NOTHING
"""

LOOK_UP_REFUND = "SELECT reference, refused FROM sandbox_provider.refund WHERE key = %s"


class SandboxProvider:
    """A `payments.gateway.Provider` with a ledger of its own."""

    name = "sandbox"

    def __init__(self) -> None:
        self.ledger = Ledger(schema="sandbox_provider", table="refund", create=CREATE)

    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined:
        refusal = _refusal(amount, method)
        seconds = 0 if refusal else SLOW.get(method, 0)
        reference = f"ch_{uuid4().hex}"
        charge = (key, amount.amount, amount.currency, method, reference, refusal, seconds)
        with self.ledger.connection() as connection:
            row = connection.execute(CHARGE, charge).fetchone()
        new = row is not None and row[0] == reference
        if new and method == ANSWER_IS_LOST and not refusal:
            raise OutcomeUnknown("The provider has not answered.")
        if new and method == WEBHOOK_FIRST:
            _report(key, reference=reference)
        return _charge(row, patience=CLIENT_TIMEOUT)

    def look_up(self, key: str) -> Charged | Declined | None:
        with self.ledger.connection() as connection:
            row = connection.execute(LOOK_UP, [key]).fetchone()
        return _charge(row) if row else None

    def refund(self, key: str, reference: str, amount: Money) -> Refunded | RefundRefused:
        wanted = {"key": key, "charge": reference, "amount": amount.amount, "currency": amount.currency}
        with self.ledger.connection() as connection, connection.transaction():
            connection.execute(LOCK_CHARGE, [reference])
            connection.execute(REFUND, {**wanted, "reference": f"re_{uuid4().hex}", "failing": REFUND_FAILS})
            row = connection.execute(LOOK_UP_REFUND, [key]).fetchone()
        return _refund(row)

    def look_up_refund(self, key: str, reference: str) -> Refunded | RefundRefused | None:
        with self.ledger.connection() as connection:
            row = connection.execute(LOOK_UP_REFUND, [key]).fetchone()
        return _refund(row) if row else None

    def close(self) -> None:
        """Closes this process's connections, so that the database can be dropped."""
        self.ledger.close()


def _refusal(amount: Money, method: str) -> str:
    if not 0 <= amount.amount <= LARGEST_AMOUNT:
        return INVALID_AMOUNT
    # Test methods are for the sandbox; where real orders are placed nobody pays by typing one.
    return METHODS.get(method, UNKNOWN_METHOD) if settings.SANDBOX else UNKNOWN_METHOD


def _report(key: str, reference: str) -> None:
    """Reports a charge as the company would; whether that arrives is of no consequence, for the answer follows."""
    body = json.dumps({"id": f"evt_{uuid4().hex}", "type": "charge.succeeded", "key": key, "reference": reference})
    headers = {"Content-Type": "application/json", "Signature": sign(body.encode(), settings.PAYMENT_CALLBACK_SECRET)}
    report = Request(settings.SANDBOX_WEBHOOK_URL, body.encode(), headers)  # noqa: S310 - our own address
    with suppress(OSError), urlopen(report, timeout=WEBHOOK_TIMEOUT):  # noqa: S310
        pass


def _charge(row: TupleRow | None, *, patience: float = 0) -> Charged | Declined:
    """Returns the ledger's answer, waiting for a charge that is not decided yet as long as a client would."""
    if row is None:
        raise LookupError("The ledger neither took the charge nor knows it.")
    reference, declined, undecided = row
    if undecided > 0:
        time.sleep(min(undecided, patience))
        if undecided > patience:
            raise OutcomeUnknown("The provider has not decided yet.")
    return Declined(code=declined) if declined else Charged(reference=reference)


def _refund(row: TupleRow | None) -> Refunded | RefundRefused:
    if row is None:
        raise LookupError("The ledger neither made the refund nor knows it.")
    reference, refused = row
    return RefundRefused(code=refused) if refused else Refunded(reference=reference)
