"""References: fields of events by which people look for an order, such as an e-mail address or a tracking number.

A field is `Findable[...]` in its event, once. The fan-out, which has the event in its hands anyway, notes its values
beside the order; the search box asks that table, and never looks into payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from msgspec import inspect

from outbox.events import published_events
from outbox.findable import is_findable
from outbox.models import Delivery, Event, Reference
from outbox.personal import is_personal

# Of the orders with one SKU there may be a million; nobody looks through more than these.
MOST = 10_000

# Whatever its letters' case. What is personal is kept as a digest: it can be found by whoever knows it, and not read.
PLAIN = "left(lower({}), 200)"
DIGEST = "encode(sha256(convert_to(lower({}), 'UTF8')), 'hex')"

# Of events called `e`, as `%s` says in JSON which fields are findable. Sorted, so that two relays that note the same
# references wait for each other and never in a circle.
NOTE = f"""
INSERT INTO outbox_reference (value, kind, order_id)
SELECT DISTINCT CASE WHEN f.personal THEN {DIGEST.format("found.value")} ELSE {PLAIN.format("found.value")} END,
       f.kind, e.order_id
FROM {{events}} e JOIN jsonb_to_recordset(%s::jsonb) AS f (name text, kind text, path jsonpath, personal boolean)
    ON f.name = e.name
CROSS JOIN LATERAL (SELECT v #>> '{{{{}}}}' AS value FROM jsonb_path_query(e.payload, f.path) v) found
WHERE found.value <> ''
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
"""  # noqa: S608  # of constants
NOTE_OLDER = NOTE.format(events="(SELECT * FROM outbox_event WHERE position > %s AND position <= %s)")

_finders: list[Callable[[str], Sequence[UUID]]] = []


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A findable field of the event `name`: what it is called, and where it stands, as an SQL/JSON path."""

    name: str
    kind: str
    path: str
    personal: bool


def orders_meant_by(term: str) -> QuerySet[Any, Any]:
    """Returns as a subquery the ids of the orders that are meant by the term, of many the newest 10,000 of each kind.

    It may be a reference, whole and in any case; the id of an event, of a request, or of a Celery task that has failed;
    or something that an app finds orders by. Each is looked for in an index of its own, and nothing is scanned.
    """
    plain, digest = (RawSQL(how.format("%s"), [term]) for how in (PLAIN, DIGEST))  # noqa: S611  # a parameter
    ways: list[QuerySet[Any]] = [
        Reference.objects.filter(value=plain),
        Reference.objects.filter(value=digest),
        Event.objects.filter(cause_kind="request", cause_id=term),
        Delivery.objects.filter(failed_attempts__task_id=term),
        Event.objects.filter(id__in=_ids(term)),
        *(Event.objects.filter(order_id__in=find(term)) for find in _finders),
    ]
    first, *others = (way.order_by("-order_id").values("order_id")[:MOST] for way in ways)
    return first.union(*others)


def orders_are_found_by(find: Callable[[str], Sequence[UUID]]) -> None:
    """Adds a way to find orders by a term that some app has, of which the outbox itself does not know."""
    _finders.append(find)


def _ids(term: str) -> list[UUID]:
    try:
        return [UUID(term)]
    except ValueError:
        return []


def note_older(after: int, until: int) -> int:
    """Notes the references of the events after the one position until the other; returns how many were missing."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE_OLDER, [after, until, findable_fields()])
        return int(cursor.rowcount)


@cache
def findable_fields() -> str:
    """Returns the findable fields of all events that the installed apps publish, as JSON."""
    fields = [
        Field(name=name, kind=kind, path=path, personal=personal)
        for name, cls in sorted(published_events().items())
        for kind, path, personal in _findable(inspect.type_info(cls), "$", "")
    ]
    return msgspec.json.encode(fields).decode()


def _findable(info: inspect.Type, path: str, field: str) -> Iterator[tuple[str, str, bool]]:
    match info:
        case inspect.Metadata() if is_findable(info):
            yield field.replace("_", " "), path, is_personal(info)
        case inspect.Metadata(type=marked):
            yield from _findable(marked, path, field)
        case inspect.StructType(fields=fields):
            for one in fields:
                yield from _findable(one.type, f'{path}."{one.encode_name}"', one.encode_name)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from _findable(item, f"{path}[*]", field)
