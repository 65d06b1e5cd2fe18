"""`publish()`: the only door into the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.db import connection, transaction

from outbox.causes import Cause, current_cause
from outbox.events import Event, event_name
from outbox.wakeup import notify_relay

# One statement however many events: a fact and the mark that it is to be fanned out belong together.
INSERT = """
WITH published AS (
    INSERT INTO outbox_event (id, name, version, order_id, payload, cause_kind, cause_id, also_needed,
                              producer, actor, traceparent)
    SELECT id, name, version, order_id, payload, cause_kind, cause_id, also_needed, producer, actor, traceparent
    FROM jsonb_to_recordset(%s::jsonb) AS row (
        id uuid, name text, version smallint, order_id uuid, payload jsonb, cause_kind text, cause_id text,
        also_needed jsonb, producer text, actor text, traceparent text)
    RETURNING position)
INSERT INTO outbox_pendingevent (event_id) SELECT position FROM published
"""


class TransactionRequired(RuntimeError):
    """publish() was called outside a transaction; the fact and the change that it reports must commit together."""


class Row(msgspec.Struct, kw_only=True):
    """An event on its way into the table."""

    id: UUID
    name: str
    version: int
    order_id: UUID
    payload: Event
    cause_kind: str
    cause_id: str
    also_needed: list[UUID]
    producer: str
    actor: str
    traceparent: str


def publish(*events: Event) -> None:
    """Publishes the events if, and only if, the surrounding transaction commits.

    Raises:
        TransactionRequired: no transaction is open (one that a test case opened around itself does not count).
    """
    if not in_transaction():
        raise TransactionRequired("publish() needs a transaction: wrap it and the change it reports in atomic().")
    cause = current_cause()
    insert(outbox_row(event, cause) for event in events)
    notify_relay()


def outbox_row(event: Event, cause: Cause, also_needed: Iterable[UUID] = ()) -> Row:
    """Returns the event in its envelope; ids sort by time (UUIDv7)."""
    return Row(
        id=uuid_utils.compat.uuid7(),
        name=event_name(type(event)),
        version=event.version,
        order_id=event.order_id,
        payload=event,
        cause_kind=cause.kind,
        cause_id=cause.id,
        also_needed=list(also_needed),
        producer=cause.producer,
        actor=cause.actor,
        traceparent=cause.traceparent,
    )


def insert(rows: Iterable[Row]) -> None:
    """Inserts the rows with their pending marks in one statement."""
    encoded = msgspec.json.encode(list(rows))
    if encoded != b"[]":
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [encoded.decode()])


def in_transaction() -> bool:
    """Whether code, and not merely a test case around it, has opened a transaction."""
    blocks: list[Any] = getattr(connection, "atomic_blocks", [])
    return transaction.get_connection().in_atomic_block and any(not block._from_testcase for block in blocks)
