"""The sandbox carrier: a pretended outside company that answers by postcode and honours idempotency keys."""

from __future__ import annotations

from secrets import randbelow

from django.conf import settings
from psycopg.rows import TupleRow

from outbox.sandbox import Ledger
from shipping.gateway import Label, LabelIntent, Refused

UNDELIVERABLE = "00000"
OUTAGE = "00001"  # the carrier is away when first asked, and answers from then on

CREATE = """
CREATE TABLE IF NOT EXISTS sandbox_carrier.outage (
    key text PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS sandbox_carrier.label (
    key text PRIMARY KEY,
    tracking_number text NOT NULL,
    refused text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now())
"""
FAIL_ONCE = "INSERT INTO sandbox_carrier.outage (key) VALUES (%s) ON CONFLICT (key) DO NOTHING"
# Answers for a known key what it answered first; an update that changes nothing is how a conflict returns its row.
BUY = """
INSERT INTO sandbox_carrier.label AS kept (key, tracking_number, refused) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET key = kept.key RETURNING tracking_number, refused
"""
LOOK_UP = "SELECT tracking_number, refused FROM sandbox_carrier.label WHERE key = %s"


class Away(ConnectionError):
    """The carrier does not answer; whether it has sold the label is not known."""


class SandboxCarrier:
    """A `shipping.gateway.Carrier` with a ledger of its own."""

    name = "Starling Post"

    def __init__(self) -> None:
        self.ledger = Ledger(schema="sandbox_carrier", table="label", create=CREATE)

    def buy_label(self, parcel: LabelIntent) -> Label | Refused:
        # Test postcodes are for the sandbox; elsewhere they are somebody's address.
        postcode = parcel.ship_to.postal_code if settings.SANDBOX else ""
        refusal = "address_undeliverable" if postcode == UNDELIVERABLE else ""
        with self.ledger.connection() as connection:
            away = postcode == OUTAGE and connection.execute(FAIL_ONCE, [parcel.key]).rowcount == 1
            statement, *asked = (LOOK_UP,) if away else (BUY, f"SP{randbelow(10**12):012d}", refusal)
            row = connection.execute(statement, [parcel.key, *asked]).fetchone()
        if row is None:
            raise Away("The carrier does not answer.")
        return _answer(row)

    def look_up(self, key: str) -> Label | Refused | None:
        with self.ledger.connection() as connection:
            row = connection.execute(LOOK_UP, [key]).fetchone()
        return _answer(row) if row else None

    def close(self) -> None:
        """Closes this process's connections, so that the database can be dropped."""
        self.ledger.close()


def _answer(row: TupleRow) -> Label | Refused:
    tracking_number, refused = row
    return Refused(reason=refused) if refused else Label(tracking_number=tracking_number)
