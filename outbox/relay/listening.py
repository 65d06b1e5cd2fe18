"""Listening for the hint that there is something to do; the relay looks by itself when none comes."""

from __future__ import annotations

import contextlib

import psycopg
from django.db import connection

from outbox.wakeup import CHANNEL


class Listener:
    """A connection of its own that waits for `NOTIFY outbox`."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None

    def wait(self, seconds: float) -> None:
        """Returns when somebody has published or finished something, and after `seconds` at the latest.

        Raises:
            psycopg.OperationalError: the database is away.
        """
        try:
            for _ in self._listening().notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _listening(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(autocommit=True, **connection.get_connection_params())
            self._connection.execute(f"LISTEN {CHANNEL}")
        return self._connection
