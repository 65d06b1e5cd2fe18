"""The ledgers of the pretended companies, copied beside our tables: they are others', maybe on another server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from outbox.sandbox import Ledger
from payments import gateway as payments
from payments.sandbox import SandboxProvider
from shipping import gateway as shipping
from shipping.sandbox import SandboxCarrier

CREATE = """
DROP TABLE IF EXISTS pg_temp.ledger_charge, pg_temp.ledger_refund, pg_temp.ledger_label;
CREATE TEMP TABLE ledger_charge (
    key text, amount numeric, currency text, reference text, declined text, payment text) ON COMMIT DROP;
CREATE TEMP TABLE ledger_refund (
    key text, amount numeric, currency text, reference text, refused text, charge text, payment text) ON COMMIT DROP;
CREATE TEMP TABLE ledger_label (key text, tracking_number text, refused text) ON COMMIT DROP;
"""

CHARGES = """
SELECT key, amount, currency, reference, declined, split_part(key, ':', 1)
FROM sandbox_provider.charge WHERE created_at <= %s
"""
REFUNDS = """
SELECT key, amount, currency, reference, refused, charge, split_part(key, ':', 1)
FROM sandbox_provider.refund WHERE created_at <= %s
"""
LABELS = "SELECT key, tracking_number, refused FROM sandbox_carrier.label WHERE created_at <= %s"


def copy_ledgers(timeout_ms: int = 0) -> set[str]:
    """Copies the ledgers that can be read into temporary tables of this transaction; returns whose they are.

    `timeout_ms` is of each statement on their side; 0 is none.

    Of what the companies have done only what was done by now counts: what we know of it was known before.
    """
    copied = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
        cursor.execute(CREATE)
    provider, carrier = payments.provider(), shipping.carrier()
    if isinstance(provider, SandboxProvider):
        _copy(provider.ledger, now, {"ledger_charge": CHARGES, "ledger_refund": REFUNDS}, timeout_ms)
        copied.add("provider")
    if isinstance(carrier, SandboxCarrier):
        _copy(carrier.ledger, now, {"ledger_label": LABELS}, timeout_ms)
        copied.add("carrier")
    return copied


def _copy(ledger: Ledger, now: datetime, sources: dict[str, str], timeout_ms: int) -> None:
    """Copies on a connection of its own, on which reading everything may take its time."""
    with ledger.connect() as theirs:
        theirs.execute("SELECT set_config('statement_timeout', %s, false)", [f"{timeout_ms}ms"])
        for table, select in sources.items():
            _insert(table, theirs.execute(select.encode(), [now]).fetchall())


def _insert(table: str, rows: Sequence[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {table}")
