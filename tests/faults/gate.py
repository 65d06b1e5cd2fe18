"""Stopping a process at an exact point: it runs into a lock that the test holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from tests.processes import database_url, wait_until

WAITING = "SELECT query FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


class Gate:
    """A lock, by the process id of the database session that holds it."""

    def __init__(self, holder: int) -> None:
        self._holder = holder

    def wait_for(self, words: str) -> None:
        """Returns when a session waits at the gate with a statement that contains `words`."""
        wait_until(lambda: any(words in query for query in self._waiting()), f"{words!r} waits at the gate")

    def wait_until_free(self) -> None:
        """Returns when nobody waits any more: the server has noticed that they died."""
        wait_until(lambda: not self._waiting(), "nobody waits at the gate")

    def _waiting(self) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [self._holder])
            return [row[0] for row in cursor.fetchall()]


@contextmanager
def gate(lock: str) -> Iterator[Gate]:
    """Holds the lock that the statement takes until the block ends."""
    with psycopg.connect(database_url()) as holder:
        holder.execute(lock)
        yield Gate(holder.info.backend_pid)
        holder.rollback()
