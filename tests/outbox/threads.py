"""Real threads for tests: each with a database connection of its own, and none that a test waits for without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections

DEADLINE = 20.0


def together(*works: Callable[[], Any]) -> list[Any]:
    """Starts all at the same moment; returns what they returned, or raises what the first of them raised."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        start.wait(DEADLINE)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(closing_connections, begin, work) for work in works]
        return [future.result(DEADLINE) for future in futures]


def elsewhere(work: Callable[[], Any]) -> Any:
    """Runs the work in another thread, on another connection, and waits for it."""
    return together(work)[0]


def closing_connections(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    finally:
        connections.close_all()


def eventually(condition: Callable[[], Any]) -> None:
    """Waits until the condition holds.

    Raises:
        TimeoutError: it does not, for longer than the deadline.
    """
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} does not come true")
        threading.Event().wait(0.01)


@contextmanager
def somebody_else() -> Iterator[psycopg.Connection]:
    """A connection to the same database that is not Django's, in a transaction that is rolled back at the end."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        try:
            yield other
        finally:
            other.rollback()
