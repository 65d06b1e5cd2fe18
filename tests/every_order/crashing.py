"""A process that dies: before its statement, or its commit, of a given number, and it does nothing after that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from django.db import connections


class Crash(BaseException):
    """The process is gone. Not an Exception, for nobody catches a SIGKILL."""


class Life:
    """Counts what a process asks of the database until it dies."""

    def __init__(self, last: int) -> None:
        self._left = last
        self._connection = connections["default"]
        self._commit = self._connection.commit

    def execute(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        self._one_more()
        return execute(sql, params, many, context)

    def commit(self) -> None:
        try:
            self._one_more()
        except Crash:
            self._connection.rollback()  # as the server does when it misses its client
            raise
        self._commit()

    def _one_more(self) -> None:
        if self._left <= 0:
            raise Crash
        self._left -= 1


def run(work: Callable[[], Any], dies_after: int | None) -> bool:
    """Does the work as a process that dies after so many statements and commits (None: never).

    Returns whether it has lived to the end. What it held in memory is gone with it.
    """
    if dies_after is None:
        work()
        return True
    life = Life(dies_after)
    try:
        with (
            connections["default"].execute_wrapper(life.execute),
            patch.object(life._connection, "commit", life.commit),
        ):
            work()
    except Crash:
        return False
    return True
