"""Deleting what has had its time: in small transactions, so that nobody waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import connection

# For how long an answer can be repeated. Whoever repeats a request later does a new thing.
KEPT_FOR = timedelta(hours=24)
BATCH = 1000

# Skips what somebody is just using.
SWEEPS = {
    "answers": """
        DELETE FROM api_idempotencykey WHERE id IN (
            SELECT id FROM api_idempotencykey WHERE created_at < statement_timestamp() - %(age)s::interval
            ORDER BY created_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED)""",
    "tokens": """
        DELETE FROM api_authtoken WHERE digest IN (
            SELECT digest FROM api_authtoken WHERE expiry < statement_timestamp() - %(age)s::interval
            LIMIT %(batch)s FOR UPDATE SKIP LOCKED)""",
    "counters": """
        DELETE FROM api_throttle WHERE key IN (
            SELECT key FROM api_throttle WHERE ends_at < statement_timestamp() - %(age)s::interval
            LIMIT %(batch)s FOR UPDATE SKIP LOCKED)""",
}


def sweep(*, older_than: timedelta = KEPT_FOR) -> Mapping[str, int]:
    """Deletes what is older, or ended longer ago, and returns how much of each kind there was."""
    return {things: _all(statement, older_than) for things, statement in SWEEPS.items()}


def _all(statement: str, older_than: timedelta) -> int:
    total = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, {"age": f"{older_than.total_seconds()} s", "batch": BATCH})
            deleted: int = cursor.rowcount
            total += deleted
            if deleted < BATCH:
                return total
