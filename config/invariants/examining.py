"""All invariants, examined together."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction

from config.invariants.engine import ENGINE
from config.invariants.history import HISTORY
from config.invariants.invariant import Finding, Invariant, examine
from config.invariants.ledgers import copy_ledgers
from config.invariants.money import MONEY
from config.invariants.once import ONCE
from config.invariants.stock import STOCK

INVARIANTS = tuple(sorted((*STOCK, *MONEY, *ENGINE, *ONCE, *HISTORY), key=lambda invariant: invariant.code))

# One snapshot for all statements: what happens meanwhile is not seen by half. Each reads the whole database.
SNAPSHOT = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'"
)


def examine_all() -> Iterator[tuple[Invariant, Finding | None]]:
    """Yields each invariant with what breaks it, or None if it needs the ledger of a company that is not the sandbox's.

    It is one transaction; a caller who stops early has to close it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        ledgers = copy_ledgers()
        for invariant in INVARIANTS:
            yield invariant, examine(invariant) if invariant.needs in {"", *ledgers} else None
