"""Examining as much as there is time for: what a page can wait for, of a database of any size."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import psycopg.errors
from django.db import OperationalError, connection, transaction

from config.invariants.examining import INVARIANTS, SNAPSHOT
from config.invariants.invariant import Finding, Invariant, examine
from config.invariants.ledgers import copy_ledgers

T = TypeVar("T")

ONE_AT_A_TIME = 0x76657269  # the advisory lock of whoever examines; any number that nobody else uses


class AlreadyRunning(RuntimeError):
    """Somebody else is examining the invariants at this moment; it costs the database enough once."""


class OutOfTime(RuntimeError):
    """The time is over."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """An invariant with what was found, or why it was not examined."""

    invariant: Invariant
    finding: Finding | None = None
    why_not: str = ""

    @property
    def is_violated(self) -> bool:
        """Whether a promise is broken, rather than something merely under way."""
        return bool(self.finding and self.finding.count) and not self.invariant.at_rest


def examine_within(limit: timedelta) -> list[Examined]:
    """Examines one invariant after the other in one snapshot, until the time is over; the others say that it was.

    Raises:
        AlreadyRunning: somebody else is at it.
    """
    until = time.monotonic() + limit.total_seconds()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
        try:
            ledgers: set[str] | None = _in_time(until, copy_ledgers)
        except OutOfTime:
            ledgers = None
        return [_examined(invariant, ledgers, until) for invariant in INVARIANTS]


def _examined(invariant: Invariant, ledgers: set[str] | None, until: float) -> Examined:
    if invariant.needs and ledgers is None:
        return Examined(invariant=invariant, why_not="the ledgers were not read in time")
    if invariant.needs and ledgers is not None and invariant.needs not in ledgers:
        return Examined(invariant=invariant, why_not=f"the {invariant.needs} is not the sandbox's")
    try:
        return Examined(invariant=invariant, finding=_in_time(until, lambda _: examine(invariant)))
    except OutOfTime:
        return Examined(invariant=invariant, why_not="there was no time left for it")


def _in_time(until: float, act: Callable[[int], T]) -> T:
    """Runs it with the milliseconds that are left as the timeout of each of its statements."""
    left = int((until - time.monotonic()) * 1000)
    if left <= 0:
        raise OutOfTime
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{left}ms"])
            return act(left)
    except psycopg.errors.QueryCanceled as late:  # a company's ledger has a connection of its own
        raise OutOfTime from late
    except OperationalError as late:
        if isinstance(late.__cause__, psycopg.errors.QueryCanceled):
            raise OutOfTime from late
        raise
