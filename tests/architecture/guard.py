"""A watch on the database: whose code runs each statement, and whose tables it touches."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from tests.architecture.apps import APPS

# By the names of Django's tables and sequences: `app_model`.
OWNED = re.compile(rf"\b({'|'.join(APPS)}|outbox)_\w+")


@contextmanager
def guarded() -> Iterator[list[str]]:
    """Yields a list, to which each trespass of this thread is added as it happens.

    A list, and not an exception: the engine would record an exception as a failure of the reaction and go on.
    """
    trespasses: list[str] = []

    def watch(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        owner = whose_code()
        foreign = {match[0] for match in OWNED.finditer(str(sql)) if match[1] != owner}
        if owner and foreign:
            trespasses.append(f"{owner} touches {', '.join(sorted(foreign))}: {sql}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield trespasses


def whose_code() -> str | None:
    """Returns the app, or `outbox`, whose code is the innermost on the stack: the one that asked for the statement."""
    frame = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in APPS or package == "outbox":
            return package
        frame = frame.f_back  # type: ignore[assignment]
    return None
