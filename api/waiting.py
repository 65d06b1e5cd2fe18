"""Requests that wait for something to happen: without a database connection, and never so many that others cannot work.

One thread of the process looks for all who wait, in one statement and with one connection, and ends when nobody does.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore, Condition, Thread
from time import sleep
from typing import Generic, TypeVar

from django.db import connection

logger = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
State = TypeVar("State")

# Seconds between two looks.
INTERVAL = 0.1


class Seats:
    """So many requests of this process may wait at the same time."""

    def __init__(self, number: int) -> None:
        self._free = BoundedSemaphore(number) if number else None

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Yields whether there is a seat; it is taken inside."""
        if self._free is None or not self._free.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        finally:
            self._free.release()


class Watch(Generic[Key, State]):
    """Watches the states of whatever has these keys.

    Args:
        look: returns, from the database and in one statement, the present state of each key that exists.
    """

    def __init__(self, look: Callable[[Collection[Key]], Mapping[Key, State]]) -> None:
        self._look = look
        self._wanted: Counter[Key] = Counter()
        self._states: dict[Key, State] = {}
        self._news = Condition()
        self._looks = False

    def wait(self, key: Key, until: Callable[[State], bool], seconds: float) -> bool:
        """Returns True once the state is as wanted, or False when the time is over.

        The thread's connection to the database is given back meanwhile, unless a transaction is open on it.
        """
        if not connection.in_atomic_block:
            connection.close()
        with self._wanting(key):
            return self._news.wait_for(lambda: key in self._states and until(self._states[key]), seconds)

    @contextmanager
    def _wanting(self, key: Key) -> Iterator[None]:
        with self._news:
            self._wanted[key] += 1
            self._states.pop(key, None)  # older than what the request has seen
            if not self._looks:
                self._looks = True
                Thread(target=self._look_on, name="watch", daemon=True).start()
            try:
                yield
            finally:
                self._wanted[key] -= 1
                if not self._wanted[key]:
                    del self._wanted[key]
                    self._states.pop(key, None)

    def _look_on(self) -> None:
        try:
            while keys := self._still_wanted():
                self._publish(self._seen(keys))
                sleep(INTERVAL)
        finally:
            connection.close()

    def _still_wanted(self) -> list[Key]:
        with self._news:
            self._looks = bool(self._wanted)
            return list(self._wanted)

    def _seen(self, keys: list[Key]) -> Mapping[Key, State]:
        try:
            return self._look(keys)
        except Exception:  # whatever it is, those who wait are answered when their time is over
            logger.exception("The watch could not look.")
            connection.close()
            return {}

    def _publish(self, states: Mapping[Key, State]) -> None:
        with self._news:
            self._states.update({key: state for key, state in states.items() if key in self._wanted})
            self._news.notify_all()
