"""The sandbox provider: a pretended outside company, with a ledger of its own on connections of its own.

It shares nothing with this project's tables and transactions: what it has taken stays taken when we roll back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connections
from psycopg.rows import TupleRow

from outbox import Money
from payments.gateway import Charged, Declined

# What becomes of a charge to each test method: nothing is wrong with it, or this code of refusal.
METHODS: dict[str, str] = {
    "pm_card_ok": "",
    "pm_card_declined_insufficient_funds": "insufficient_funds",
}
UNKNOWN_METHOD = "unknown_method"
INVALID_AMOUNT = "invalid_amount"
LARGEST_AMOUNT = 2**63 - 1

# Connecting and the three statements at most that follow together stay below the gateway's TIMEOUT.
PATIENCE: dict[str, Any] = {"connect_timeout": 2, "options": "-c statement_timeout=1500"}

# What Django adds to the parameters of a connection for itself.
DJANGOS_OWN = {"context", "cursor_factory", "prepare_threshold"}

# One process creates at a time: IF NOT EXISTS alone fails when two do.
CREATE = """
SELECT pg_advisory_xact_lock(hashtext('sandbox_provider'));
CREATE SCHEMA IF NOT EXISTS sandbox_provider;
CREATE TABLE IF NOT EXISTS sandbox_provider.charge (
    key text PRIMARY KEY,
    amount numeric NOT NULL,
    currency text NOT NULL,
    method text NOT NULL,
    reference text NOT NULL,
    declined text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now())
"""

CHARGE = """
INSERT INTO sandbox_provider.charge (key, amount, currency, method, reference, declined)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING RETURNING reference, declined
"""

LOOK_UP = "SELECT reference, declined FROM sandbox_provider.charge WHERE key = %s"

Connection = psycopg.Connection[TupleRow]


class SandboxProvider:
    """A `payments.gateway.Provider` that answers by test method and honours idempotency keys."""

    name = "sandbox"

    def __init__(self) -> None:
        self.ledger = Ledger()

    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined:
        charge = (key, amount.amount, amount.currency, method, f"ch_{uuid4().hex}", _refusal(amount, method))
        with self.ledger.connection() as connection:
            row = connection.execute(CHARGE, charge).fetchone() or connection.execute(LOOK_UP, [key]).fetchone()
        return _answer(row)

    def look_up(self, key: str) -> Charged | Declined | None:
        with self.ledger.connection() as connection:
            row = connection.execute(LOOK_UP, [key]).fetchone()
        return _answer(row) if row else None

    def close(self) -> None:
        """Closes this process's connections, so that the database can be dropped."""
        self.ledger.close()


class Ledger:
    """The sandbox provider's connections: a thread takes an idle one or opens one, and puts it back.

    A forked process opens its own. Those of its parent stay listed under the parent's id and are never touched.
    """

    def __init__(self) -> None:
        self._idle: dict[int, list[Connection]] = {}

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lends a connection in autocommit mode; after an error none that was open then is used again."""
        idle = self._of_this_process()
        try:
            connection = idle.pop()
        except IndexError:
            connection = _connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            self.close()
            raise
        idle.append(connection)

    def close(self) -> None:
        """Closes the idle connections of this process."""
        idle = self._of_this_process()
        while idle:
            idle.pop().close()

    def _of_this_process(self) -> list[Connection]:
        return self._idle.setdefault(os.getpid(), [])


def _connect() -> Connection:
    connection = psycopg.connect(**{**_address(), **PATIENCE}, autocommit=True)
    if connection.execute("SELECT to_regclass('sandbox_provider.charge')").fetchone() == (None,):
        connection.execute(CREATE)
    return connection


def _address() -> dict[str, Any]:
    """The setting SANDBOX_PROVIDER_URL, or else the same server and database as ours, which tests rename."""
    if url := getattr(settings, "SANDBOX_PROVIDER_URL", ""):
        return {"conninfo": url}
    ours = connections["default"].get_connection_params()
    return {key: value for key, value in ours.items() if key not in DJANGOS_OWN}


def _refusal(amount: Money, method: str) -> str:
    if not 0 <= amount.amount <= LARGEST_AMOUNT:
        return INVALID_AMOUNT
    return METHODS.get(method, UNKNOWN_METHOD)


def _answer(row: TupleRow | None) -> Charged | Declined:
    if row is None:
        raise LookupError("The ledger neither took the charge nor knows it.")
    reference, declined = row
    return Declined(code=declined) if declined else Charged(reference=reference)
