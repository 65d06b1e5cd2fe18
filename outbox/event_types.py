"""Event types: what the installed code and the tables of reactions say of each event, for its page in the admin."""

from __future__ import annotations

import inspect as code
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import msgspec
from msgspec import inspect

from outbox.catalog import type_words
from outbox.events import Event, published_events
from outbox.findable import is_findable
from outbox.models import Reaction
from outbox.personal import is_personal


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a payload; one of a nested struct is written with a dot, one of a list's items with `[]` before it."""

    path: str
    type: str
    is_personal: bool = False
    is_findable: bool = False
    default: str = ""  # as JSON; empty if every event has the field


@dataclass(frozen=True)
class EventType:
    """An event as it is declared: by its class, if an installed app has one, and by who emits and who hears it."""

    name: str
    emitters: Sequence[Reaction]
    listeners: Sequence[Reaction]

    @property
    def app(self) -> str:
        return self.name.partition(".")[0]

    @property
    def cls(self) -> type[Event] | None:
        """Its class; None if no installed app publishes it."""
        return published_events().get(self.name)

    @property
    def is_published(self) -> bool:
        return self.cls is not None

    @property
    def version(self) -> int | None:
        return self.cls.version if self.cls else None

    @property
    def description(self) -> str:
        return (self.cls and code.getdoc(self.cls)) or ""

    @property
    def first_sentence(self) -> str:
        sentence, stop, _ = " ".join(self.description.split()).partition(". ")
        return sentence + stop.strip()

    @cached_property
    def source(self) -> str:
        """Where its class is, as `orders/events.py:12`; empty if there is none."""
        return _source(self.cls) if self.cls else ""

    @cached_property
    def fields(self) -> Sequence[Field]:
        return fields_of(self.cls) if self.cls else ()

    @property
    def is_known(self) -> bool:
        """Whether anybody declares it, or listens to it."""
        return bool(self.cls or self.emitters or self.listeners)


def event_types() -> list[EventType]:
    """Returns every event that an installed app publishes, or a reaction hears or emits, in two statements."""
    rows = _reactions()
    names = {*published_events(), *(name for row in rows for name in (*_heard(row), *_emitted(row)))}
    return [_event_type(name, rows) for name in sorted(names)]


def event_type(name: str) -> EventType:
    """Returns what is declared of this event, which may be nothing, in two statements."""
    return _event_type(name, _reactions())


@cache
def fields_of(cls: type[Event]) -> tuple[Field, ...]:
    """Returns the fields of an event's payload, each nested one after the field that it is in."""
    return tuple(_fields(inspect.type_info(cls), "", within=(), personal=False))


def _reactions() -> list[Reaction]:
    return list(Reaction.objects.filter(retired_at=None).prefetch_related("subscriptions").order_by("id"))


def _event_type(name: str, rows: Sequence[Reaction]) -> EventType:
    return EventType(name, [row for row in rows if name in _emitted(row)], [row for row in rows if name in _heard(row)])


def _heard(row: Reaction) -> set[str]:
    return {subscription.event_name for subscription in row.subscriptions.all()}


def _emitted(row: Reaction) -> Sequence[str]:
    return list(row.contract.get("emits", ()))


@cache
def _source(cls: type[Event]) -> str:
    return f"{cls.__module__.replace('.', '/')}.py:{code.getsourcelines(cls)[1]}"


def _fields(info: inspect.Type, path: str, *, within: tuple[type, ...], personal: bool) -> Iterator[Field]:
    """The fields of a struct, wherever in the type it is; what is in a personal field is personal as well."""
    match info:
        case inspect.Metadata(type=marked):
            yield from _fields(marked, path, within=within, personal=personal)
        case inspect.UnionType(types=members):
            for member in members:
                yield from _fields(member, path, within=within, personal=personal)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from _fields(item, f"{path}[]", within=within, personal=personal)
        case inspect.DictType(value_type=item):
            yield from _fields(item, f"{path}[…]", within=within, personal=personal)
        case inspect.StructType(cls=cls, fields=fields) if cls not in within:
            for field in fields:
                one = _field(field, path)
                one = replace(one, is_personal=one.is_personal or personal)
                yield one
                yield from _fields(field.type, one.path, within=(*within, cls), personal=one.is_personal)


def _field(field: inspect.Field, path: str) -> Field:
    marked = list(_marked(field.type))
    return Field(
        path=f"{path}.{field.encode_name}".lstrip("."),
        type=_words(field.type),
        is_personal=any(map(is_personal, marked)),
        is_findable=any(map(is_findable, marked)),
        default=_default(field),
    )


def _marked(info: inspect.Type) -> Iterator[inspect.Type]:
    """The type, and those that it is made of, without what is in a struct."""
    yield info
    for part in ("type", "item_type", "value_type"):
        if isinstance(inner := getattr(info, part, None), inspect.Type):
            yield from _marked(inner)
    for member in getattr(info, "types", ()):
        yield from _marked(member)


def _words(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=marked):
            return _words(marked)
        case inspect.UnionType(types=members):
            return " or ".join(map(_words, members))
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return f"list of {_words(item)}"
        case inspect.StructType(cls=cls):
            return cls.__name__
    return type_words(info)


def _default(field: inspect.Field) -> str:
    if field.required:
        return ""
    value: Any = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return msgspec.json.encode(value).decode()
