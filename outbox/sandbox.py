"""What pretended outside companies are made of: a ledger of their own, on connections of their own.

A sandbox shares nothing with this project's tables and transactions: what it has done stays done when we roll back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg.rows import TupleRow

# Connecting and the three statements at most that follow together stay below the gateways' timeouts.
PATIENCE: dict[str, Any] = {"connect_timeout": 2, "options": "-c statement_timeout=1500"}
WAIT = 1.0
# A statement takes a millisecond: many threads share few connections, of which a server has a hundred for everybody.
MOST_CONNECTIONS = 8

# What Django adds to the parameters of a connection for itself.
DJANGOS_OWN = {"context", "cursor_factory", "prepare_threshold"}

Connection = psycopg.Connection[TupleRow]


class Busy(TimeoutError):
    """The pretended company has not let us in; it was asked nothing."""


class Ledger:
    """A pretended company's connections: a thread takes an idle one or opens one, and puts it back.

    `schema` is made by the statements in `create` where it is missing; `table` is one of those they make. A forked
    process opens its own connections; those of its parent stay listed under the parent's id and are never touched.
    """

    def __init__(self, *, schema: str, table: str, create: str) -> None:
        self.schema = schema
        self._table = table
        self._create = create
        self._of_process: dict[int, tuple[BoundedSemaphore, list[Connection]]] = {}

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lends a connection in autocommit mode; after an error none that was open then is used again.

        Raises:
            Busy: all connections are in use, and none came back in time.
        """
        room, idle = self._here()
        if not room.acquire(timeout=WAIT):
            raise Busy(f"{self.schema} is busy.")
        try:
            with self._lent(idle) as connection:
                yield connection
        finally:
            room.release()

    @contextmanager
    def _lent(self, idle: list[Connection]) -> Iterator[Connection]:
        try:
            connection = idle.pop()
        except IndexError:
            connection = self.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            self.close()
            raise
        idle.append(connection)

    def connect(self) -> Connection:
        """Opens a connection that is not shared, and makes the ledger if there is none."""
        connection = psycopg.connect(**{**_address(), **PATIENCE}, autocommit=True)
        if connection.execute("SELECT to_regclass(%s)", [f"{self.schema}.{self._table}"]).fetchone() == (None,):
            # One process creates at a time: IF NOT EXISTS alone fails when two do.
            lock = f"SELECT pg_advisory_xact_lock(hashtext('{self.schema}'));"
            connection.execute(f"{lock} CREATE SCHEMA IF NOT EXISTS {self.schema}; {self._create}".encode())
        return connection

    def close(self) -> None:
        """Closes the idle connections of this process."""
        _, idle = self._here()
        while idle:
            idle.pop().close()

    def _here(self) -> tuple[BoundedSemaphore, list[Connection]]:
        return self._of_process.setdefault(os.getpid(), (BoundedSemaphore(MOST_CONNECTIONS), []))


def _address() -> dict[str, Any]:
    """The setting SANDBOX_PROVIDER_URL, or else the same server and database as ours, which tests rename."""
    if url := getattr(settings, "SANDBOX_PROVIDER_URL", ""):
        return {"conninfo": url}
    ours = connections["default"].get_connection_params()
    return {key: value for key, value in ours.items() if key not in DJANGOS_OWN}
