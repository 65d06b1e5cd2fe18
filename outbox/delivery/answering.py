"""Pairing a reaction's answers with the events that they answer, and holding both against the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from outbox import publishing
from outbox.answers import NOT_READY, WAITS_FOR, Batch, Ignored, NotReadyYet, Several, Waiting
from outbox.causes import Cause
from outbox.conf import conf
from outbox.delivery.rows import Outcome, Row
from outbox.events import EnvelopeReader, Event, event_name
from outbox.reactions import Reaction

# OFFSET 0: from the few events of these orders to their deliveries, and not from all that the reaction ever got.
ALSO_NEEDED = """
SELECT e.order_id, e.id FROM outbox_event e
WHERE e.order_id = ANY(%s) AND EXISTS (
    SELECT FROM outbox_delivery d
    WHERE d.event_id = e.position AND d.reaction_id = %s AND d.state = 'done' AND d.outcome LIKE 'waits for %%'
    OFFSET 0)
ORDER BY e.position
"""


class ContractBroken(RuntimeError):
    """A reaction answered what its signature does not declare, or not exactly once an event."""


class StillNotReady(RuntimeError):
    """A delivery was not ready within the time that its reaction's contract allows."""


@cache
def decoder(reader: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(reader)


def read(reaction: Reaction, rows: Sequence[Row]) -> Batch[Any]:
    """Returns the events of the rows as this reaction reads them."""
    return Batch(_read(reaction.contract.reads[row.name], row) for row in rows)


def _read(reader: type[msgspec.Struct], row: Row) -> Any:
    if not issubclass(reader, EnvelopeReader):
        return decoder(reader).decode(row.payload)
    payload = msgspec.json.decode(row.payload)
    envelope = {"event_id": row.event_id, "occurred_at": datetime.fromtimestamp(row.occurred_at, UTC)}
    return msgspec.convert({**payload, **envelope}, reader)


def settle(reaction: Reaction, rows: Sequence[Row], answers: Iterable[Any]) -> list[Outcome]:
    """Inserts the events among the answers and returns the outcome of each row.

    Raises:
        ContractBroken: an answer belongs to no event of the batch; or, in strict mode, departs from the contract.
        StillNotReady: an event is not ready although its time is up.
    """
    given: dict[UUID, list[Any]] = {row.order_id: [] for row in rows}
    for answer in answers:
        if answer.order_id not in given:
            raise ContractBroken(f"{reaction.id} answered {answer!r}, which is about no order of its batch")
        given[answer.order_id].append(answer)
    publishing.insert(_events(reaction, rows, given))
    return [_outcome(reaction, row, given[row.order_id]) for row in rows]


def _events(reaction: Reaction, rows: Sequence[Row], given: dict[UUID, list[Any]]) -> Iterator[publishing.Row]:
    emitted = [(row, event) for row in rows for answer in given[row.order_id] for event in _said(answer)]
    joined = _joined(reaction, [row.order_id for row, _ in emitted])
    for row, event in emitted:
        cause = Cause(kind="event", id=str(row.event_id), producer=reaction.id, traceparent=row.traceparent)
        yield publishing.outbox_row(event, cause, joined.get(row.order_id, ()))


def _said(answer: Any) -> tuple[Event, ...]:
    if isinstance(answer, Several):
        return answer.events
    return (answer,) if isinstance(answer, Event) else ()


def _joined(reaction: Reaction, orders: list[UUID]) -> dict[UUID, list[UUID]]:
    """For a join: which events of each order it had taken in before the one that triggered it."""
    if not (orders and reaction.contract.may_wait):
        return {}
    joined: dict[UUID, list[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(ALSO_NEEDED, [orders, reaction.id])
        for order, event in cursor.fetchall():
            joined.setdefault(order, []).append(event)
    return joined


def _outcome(reaction: Reaction, row: Row, answers: list[Any]) -> Outcome:
    drift = _drift(reaction, answers)
    if drift and conf().strict:
        raise ContractBroken(f"{reaction.id} on {row.name} of order {row.order_id}: {drift}")
    match answers:
        case [NotReadyYet() as unready]:
            return _again(reaction, row, unready)
        case [Ignored(reason=reason)]:
            return Outcome(row.id, "ignored", reason, drift)
        case [Waiting(for_=event)]:
            return Outcome(row.id, "done", f"{WAITS_FOR}{event}", drift)
        case _:
            return Outcome(row.id, "done", ", ".join(_words(answer) for answer in answers), drift)


def _again(reaction: Reaction, row: Row, unready: NotReadyYet) -> Outcome:
    within, reason = reaction.contract.within, unready.reason
    # The first time it is none, however late: what the reaction has noted by then is kept.
    if row.unready and row.now > due_since(reaction, row) + within.total_seconds():
        raise StillNotReady(f"{reason} (for longer than the {within} that the contract allows)")
    delay = conf().soon if unready.again_in is None else unready.again_in.total_seconds()
    return Outcome(row.id, "waiting", f"{NOT_READY}{reason}", delay=delay)


def due_since(reaction: Reaction, row: Row) -> float:
    """When the delivery was first due, in seconds since 1970: at its event, or at the end of the reaction's delay."""
    if isinstance(reaction.after, timedelta):
        return row.occurred_at + reaction.after.total_seconds()
    until = msgspec.json.decode(row.payload).get(reaction.after)
    return datetime.fromisoformat(until).timestamp() if until else row.occurred_at


def _drift(reaction: Reaction, answers: list[Any]) -> str:
    contract = reaction.contract
    if not contract.answers:
        return f"declares no answer and gave {answers!r}" if answers else ""
    if len(answers) != 1:
        return f"{len(answers)} answers instead of one"
    if isinstance(answers[0], Several):
        undeclared = {type(event) for event in answers[0].events} - contract.emits_several
        return f"undeclared answer {_words(answers[0])}" if undeclared else ""
    allowed = {
        *contract.emits,
        *([Ignored] if contract.may_ignore else []),
        *([Waiting] if contract.may_wait else []),
        *([NotReadyYet] if contract.may_be_unready else []),
    }
    return "" if type(answers[0]) in allowed else f"undeclared answer {_words(answers[0])}"


def _words(answer: Any) -> str:
    return ", ".join(event_name(type(event)) for event in _said(answer)) or type(answer).__name__
