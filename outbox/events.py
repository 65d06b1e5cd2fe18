"""Events (facts that an app publishes) and readers (how much of somebody else's event an app reads).

Both are msgspec structs. On the wire an event is named `app_label.ClassName`, never by its module path, so
that moving a file breaks nothing that is in flight.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

_published: dict[str, type[Event]] = {}
_duplicates: list[str] = []


class UnknownEvent(LookupError):
    """No installed app publishes an event of this name."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact: something that has happened, named in the past tense, immutable.

    Subclass it in an app's `events.py` with `frozen=True, kw_only=True`. Each event belongs to one order.
    After one that `discharges_joins` nobody expects any more what the order's joins still wait for.
    """

    version: ClassVar[int] = 1
    discharges_joins: ClassVar[bool] = False

    order_id: UUID

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        name = event_name(cls)
        if name in _published:
            _duplicates.append(name)
        _published[name] = cls


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """The consumer's own view of somebody else's event: only the fields that it uses.

    Its class name is the event's; `manage.py check` compares it with what the publisher publishes.
    """

    order_id: UUID


class EnvelopeReader(Reader, frozen=True, kw_only=True):
    """A reader that is also told which event it was, and when that occurred, which no payload says."""

    event_id: UUID
    occurred_at: datetime


# What the engine adds to a payload for an `EnvelopeReader`.
ENVELOPE = frozenset({"event_id", "occurred_at"})


def event_name(cls: type) -> str:
    """Returns the name on the wire: the label of the app whose `events.py` holds the class, and the class's name."""
    return f"{app_of(cls.__module__)}.{cls.__name__}"


def app_of(module: str) -> str:
    """Returns the app that a module such as `orders.events` belongs to: the package right above it."""
    return module.split(".")[-2] if "." in module else module


def published_events() -> dict[str, type[Event]]:
    """Returns every event that the installed apps publish, by its name on the wire."""
    return dict(_published)


def duplicate_events() -> list[str]:
    """Returns the names that two classes claim; `manage.py check` reports them."""
    return list(_duplicates)


def event_class(name: str) -> type[Event]:
    """Returns the class of the event called `name`.

    Raises:
        UnknownEvent: no installed app publishes it.
    """
    try:
        return _published[name]
    except KeyError:
        raise UnknownEvent(f"No installed app publishes {name!r}.") from None
