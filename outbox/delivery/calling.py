"""Calling the outside world: calls beside each other, by no more threads than it takes, with no database at hand."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import connections

from outbox.answers import NotDone
from outbox.delivery.rows import Row
from outbox.reactions import Effect, Reaction

# Seconds beyond its timeout that a call may take before it is given up; then its outcome is looked up.
GRACE = 2.0
# What returns within this time, in seconds, is recorded together.
TOGETHER = 0.2
# Calls that return at once are fastest one after another in one thread, undisturbed. Only when a thread makes fewer
# than so few in a tick (in seconds) do its calls wait for somebody, and one more joins in, up to the effect's width.
TICK = 0.02
FEW = 2


class DatabaseForbidden(RuntimeError):
    """The `call` of an effect used the database; it may only use what its intent carries."""


class CallTimedOut(TimeoutError):
    """A call did not return within the effect's timeout; its outcome is unknown."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of one call: its outcome, or what it raised."""

    row: Row
    outcome: Any = None
    error: BaseException | None = None


_pools: dict[str, ThreadPoolExecutor] = {}


class Calls:
    """The calls of one dispatch. Begins them, and hands out what has returned, until none is open."""

    def __init__(self, reaction: Reaction, effect: Effect, prepared: Sequence[tuple[Row, Any]]) -> None:
        self._reaction = reaction
        self._effect = effect
        self._waiting = deque(prepared)
        self._returned: deque[Returned] = deque()
        self._all_returned = threading.Event()
        self._open = {row.id: row for row, _ in prepared}
        self._begun: dict[int, float] = {}
        self._threads = 0
        self._one_more_thread()

    @property
    def are_open(self) -> bool:
        """Whether a call has still to return, or to begin."""
        return bool(self._open)

    def gather(self) -> list[Returned]:
        """Waits for a moment, or until all have returned, and hands out what has; nothing, if no call has."""
        gathered: list[Returned] = []
        until = time.monotonic() + TOGETHER
        while self._open and time.monotonic() < until:
            self._all_returned.wait(TICK)
            self._all_returned.clear()
            fresh = self._take_returned()
            if len(fresh) < FEW * self._threads:
                self._one_more_thread()
            gathered += fresh
        return gathered + self._timed_out()

    def _take_returned(self) -> list[Returned]:
        fresh = []
        while self._returned:
            returned = self._returned.popleft()
            if self._open.pop(returned.row.id, None):
                fresh.append(returned)
        return fresh

    def give_back(self) -> list[Row]:
        """Returns the deliveries whose calls have not begun; they will not begin any more."""
        given_back = []
        while self._waiting:
            try:
                row, _ = self._waiting.popleft()
            except IndexError:
                break  # a thread was faster
            del self._open[row.id]
            given_back.append(row)
        return given_back

    def _one_more_thread(self) -> None:
        if self._waiting and self._threads < self._reaction.width:
            self._threads += 1
            _pool(self._reaction).submit(self._keep_calling)

    def _keep_calling(self) -> None:
        try:
            with _session(self._effect):
                for row, intent in self._taken():
                    self._begun[row.id] = time.monotonic()
                    self._hand_in(self._returned_from(row, intent))
        except Exception as error:
            not_called = NotDone(f"no call was made: {type(error).__name__}: {error}")
            for row, _ in self._taken():
                self._hand_in(Returned(row, error=not_called))

    def _taken(self) -> Iterator[tuple[Row, Any]]:
        """Takes what waits, one by one, as long as there is something; other threads take theirs beside it."""
        while self._waiting:
            try:
                yield self._waiting.popleft()
            except IndexError:
                return  # another thread was faster

    def _hand_in(self, returned: Returned) -> None:
        self._returned.append(returned)
        if len(self._returned) >= len(self._open):
            self._all_returned.set()

    def _returned_from(self, row: Row, intent: Any) -> Returned:
        try:
            return Returned(row, outcome=_call(self._effect, intent, row.called))
        except BaseException as error:
            return Returned(row, error=error)

    def _timed_out(self) -> list[Returned]:
        """Gives up the calls that take too long. Their threads are left to themselves: later calls get new ones."""
        too_long_ago = time.monotonic() - self._reaction.timeout - GRACE
        late = [self._open[id] for id, begun in list(self._begun.items()) if id in self._open and begun < too_long_ago]
        for row in late:
            del self._open[row.id]
            _pools.pop(self._reaction.id, None)
        error = CallTimedOut(f"no answer within {self._reaction.timeout} s")
        return [Returned(row, error=error) for row in late]


def _pool(reaction: Reaction) -> ThreadPoolExecutor:
    """The threads outlive a dispatch, and with them what their gateways keep open."""
    if reaction.id not in _pools:
        _pools[reaction.id] = ThreadPoolExecutor(reaction.width, reaction.id, initializer=forbid_database)
    return _pools[reaction.id]


def _session(effect: Any) -> AbstractContextManager[object]:
    """What the effect wants to keep open while a thread makes calls one after another, such as a connection."""
    return effect.session() if hasattr(effect, "session") else nullcontext()


def _call(effect: Any, intent: Any, called_before: bool) -> Any:
    """After any doubt the provider is asked first what became of the earlier call."""
    if called_before:
        outcome = effect.look_up(intent)
        if outcome is not None:
            return outcome
    return effect.call(intent)


def forbid_database() -> None:
    """Makes every use of Django's database connections raise in this thread."""
    for connection in connections.all():
        refuse: Callable[[], NoReturn] = _refuse
        connection.ensure_connection = refuse  # type: ignore[method-assign]


def _refuse() -> NoReturn:
    raise DatabaseForbidden(
        "an effect's call() may not use the database; let prepare() put what it needs in the intent"
    )
