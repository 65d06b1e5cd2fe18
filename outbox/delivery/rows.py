"""The statements on dispatches and deliveries that a worker runs. Every write names the dispatch: the fencing token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from outbox.conf import conf
from outbox.wakeup import notify_relay

# Counting the start may be lost in a crash of the database server, together with the run that it announces.
START = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE outbox_dispatch SET started = started + 1, started_at = clock_timestamp(), worker = %s,
       lease_until = clock_timestamp() + lease_seconds * interval '1 second'
FROM quick WHERE id = %s AND reaction_id = %s AND started = 0 AND closed_at IS NULL
RETURNING careful
"""
LOAD = """
SELECT d.id, d.attempts, d.called_at IS NOT NULL, starts_with(d.outcome, 'not ready: '),
       e.position, e.id, e.name, e.order_id, CASE WHEN %s THEN e.payload::text ELSE '' END, e.traceparent,
       extract(epoch FROM e.occurred_at)::float8, extract(epoch FROM clock_timestamp())::float8
FROM outbox_delivery d JOIN outbox_event e ON e.position = d.event_id
WHERE d.dispatch_id = %s AND d.state = 'dispatched' AND (%s::bigint[] IS NULL OR d.id = ANY(%s))
ORDER BY e.position FOR UPDATE OF d SKIP LOCKED
"""
OPEN = "SELECT id FROM outbox_delivery WHERE dispatch_id = %s AND state = 'dispatched' ORDER BY attempts, event_id"
RENEW = """
UPDATE outbox_dispatch SET lease_until = clock_timestamp() + lease_seconds * interval '1 second'
WHERE id = %s AND closed_at IS NULL
"""
CLOSE = """
UPDATE outbox_dispatch x SET closed_at = clock_timestamp() WHERE id = %s AND closed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM outbox_delivery d WHERE d.dispatch_id = x.id AND d.state = 'dispatched')
"""
# When nothing of the dispatch is left open, the statement that finishes its last rows closes it as well.
FINISH = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(outcomes)s::jsonb)
    AS g ("row" bigint, state text, outcome text, drift text, delay float8)),
written AS (
    UPDATE outbox_delivery d
    SET state = g.state, outcome = g.outcome, drift = g.drift,
        done_at = CASE WHEN g.state <> 'waiting' THEN clock_timestamp() END,
        due_at = CASE WHEN g.state = 'waiting' THEN clock_timestamp() + g.delay * interval '1 second' ELSE d.due_at END
    FROM given g WHERE d.id = g."row" AND d.dispatch_id = %(dispatch)s AND d.state = 'dispatched'
    RETURNING d.id),
closed AS (
    UPDATE outbox_dispatch SET closed_at = clock_timestamp()
    WHERE id = %(dispatch)s AND NOT EXISTS (
        SELECT 1 FROM outbox_delivery d
        WHERE d.dispatch_id = %(dispatch)s AND d.state = 'dispatched' AND d.id NOT IN (SELECT "row" FROM given)))
SELECT count(*) FROM written
"""
COUNT_ATTEMPT = """
UPDATE outbox_delivery SET attempts = attempts + 1 WHERE id = %s AND dispatch_id = %s AND state = 'dispatched'
RETURNING attempts
"""
MARK_CALLED = """
UPDATE outbox_delivery SET called_at = clock_timestamp()
WHERE id = ANY(%s) AND dispatch_id = %s AND state = 'dispatched'
"""
UNMARK_CALLED = """
UPDATE outbox_delivery SET called_at = NULL WHERE id = ANY(%s) AND dispatch_id = %s AND state = 'dispatched'
"""
RELEASE = """
UPDATE outbox_delivery SET state = 'waiting', due_at = clock_timestamp() + %s * interval '1 second'
WHERE dispatch_id = %s AND state = 'dispatched' AND (%s::bigint[] IS NULL OR id = ANY(%s))
"""


class Fenced(RuntimeError):
    """The rows belong to another dispatch by now; what was done under the old one is rolled back."""


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery with its event, as loaded for a run.

    `occurred_at` and `now` are by the database's clock, in seconds since 1970: hundreds of datetimes cost too much.
    """

    id: int
    attempts: int
    called: bool
    unready: bool
    position: int
    event_id: UUID
    name: str
    order_id: UUID
    payload: str
    traceparent: str
    occurred_at: float
    now: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a delivery becomes: its state, the words for it, and for `waiting` the seconds until it is due again."""

    row: int
    state: str
    outcome: str = ""
    drift: str = ""
    delay: float = 0.0


def start(dispatch: int, reaction: str, worker: str) -> bool | None:
    """Claims the dispatch for this worker; returns whether to be careful, or None when there is nothing to do.

    A dispatch is started once. A duplicate of its message does nothing; when the worker that started it has died,
    the lease expires and the relay hands the rows to a successor.
    """
    row = _one(START, [worker, dispatch, reaction])
    return None if row is None else bool(row[0])


def load(dispatch: int, ids: Sequence[int] | None = None, *, to_read: bool = True) -> list[Row]:
    """Locks and returns the dispatch's open deliveries (those of `ids`, if given) in the order of their events.

    What is not `to_read` comes with an empty payload, which is most of a row's cost.
    """
    wanted = None if ids is None else list(ids)
    with connection.cursor() as cursor:
        cursor.execute(LOAD, [to_read, dispatch, wanted, wanted])
        return [Row(*row) for row in cursor.fetchall()]


def open_rows(dispatch: int) -> list[int]:
    """Returns the ids of the dispatch's open deliveries, those with the fewest attempts first."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [dispatch])
        return [row[0] for row in cursor.fetchall()]


def finish(dispatch: int, outcomes: Sequence[Outcome]) -> None:
    """Writes the outcomes, and closes the dispatch if they were its last.

    Raises:
        Fenced: a row is no longer this dispatch's.
    """
    if not outcomes:
        return
    # One JSON document: quoting five arrays takes the client several times as long.
    written = _one(FINISH, {"dispatch": dispatch, "outcomes": msgspec.json.encode(outcomes).decode()})
    if written is None or written[0] != len(outcomes):
        raise Fenced(f"dispatch {dispatch} no longer holds all of its deliveries")
    notify_relay()


def count_attempt(dispatch: int, row: int) -> int | None:
    """Counts an attempt before it runs; returns its number, or None when the row is not this dispatch's any more."""
    counted = _one(COUNT_ATTEMPT, [row, dispatch])
    return None if counted is None else int(counted[0])


def mark_called(dispatch: int, ids: Iterable[int]) -> None:
    """Notes that the outside world may be called for these from now on."""
    _run(MARK_CALLED, [list(ids), dispatch])


def unmark_called(dispatch: int, ids: Sequence[int]) -> None:
    """Notes that these calls certainly had no effect, so that they may be made again without a doubt."""
    _run(UNMARK_CALLED, [list(ids), dispatch])


def renew(dispatch: int) -> None:
    """Says that this worker lives and still works on the dispatch."""
    _run(RENEW, [dispatch])


def release(dispatch: int, ids: Sequence[int] | None = None, *, delay: float | None = None) -> None:
    """Hands open deliveries back without an attempt: they are due again after `delay` seconds (default: soon)."""
    wanted = None if ids is None else list(ids)
    _run(RELEASE, [conf().soon if delay is None else delay, dispatch, wanted, wanted])
    close(dispatch)


def close(dispatch: int) -> None:
    """Closes the dispatch if none of its deliveries is open."""
    _run(CLOSE, [dispatch])
    notify_relay()


def _one(sql: str, parameters: Any) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _run(sql: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
