"""An invariant: a promise, and the statement that finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

SHOWN = 10

# DISTINCT, for a thing may break a promise in two ways and is still one thing.
FIND = "SELECT id, count(*) OVER () FROM (SELECT DISTINCT id::text FROM ({sql}) AS found (id)) AS broken ORDER BY id"


def nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """`sql` selects one column, the ids of what breaks the promise; `things` says whose ids these are.

    `needs` names the pretended company without whose ledger it cannot be examined. What is only `at_rest` is worth
    telling, but breaks no promise as long as something may still happen.
    """

    code: str
    promise: str
    things: str
    sql: str
    parameters: Callable[[], Mapping[str, Any]] = nothing
    needs: str = ""
    at_rest: bool = False


@dataclass(frozen=True)
class Finding:
    """How many things break a promise, and the first of their ids."""

    count: int
    ids: list[str]


def examine(invariant: Invariant) -> Finding:
    """Looks at the whole database, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"{FIND.format(sql=invariant.sql)} LIMIT {SHOWN}", invariant.parameters())
        rows = cursor.fetchall()
    return Finding(rows[0][1] if rows else 0, [id for id, _ in rows])
