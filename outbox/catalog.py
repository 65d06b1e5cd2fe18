"""The event catalogue: every event, who publishes it, what is in it, and who reacts; written from the code."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import inspect

from outbox.events import Event, app_of, event_name, published_events
from outbox.personal import is_personal
from outbox.reactions import Reaction, reactions

HEAD = """# Event catalogue

Written by `python manage.py event_catalog` from the apps' `events.py` and `reactions.py`; `make check` fails when it
is stale. Every event also carries its envelope: id, position, version, `order_id`, cause, producer, actor,
traceparent and the time at which it occurred.
"""


def render() -> str:
    """Returns the catalogue of the installed apps as Markdown."""
    events = sorted(published_events().items())
    apps = sorted({name.partition(".")[0] for name, _ in events})
    parts = [HEAD]
    for app in apps:
        parts.append(f"## {app}\n")
        parts += ["\n".join(_event(name, cls)) for name, cls in events if name.startswith(f"{app}.")]
    return "\n".join(parts)


def _event(name: str, cls: type[Event]) -> Iterator[str]:
    yield f"### {name}\n"
    yield " ".join((cls.__doc__ or "").split()) + "\n"
    yield from _fields(cls)
    emitters = sorted(r.id for r in reactions().values() if cls in r.contract.emits)
    published_by = ", ".join(f"`{emitter}`" for emitter in emitters) or f"a use case of {app_of(cls.__module__)}"
    yield f"Published by {published_by}.\n"
    yield from _listeners(name)


def _fields(cls: type[Event]) -> Iterator[str]:
    fields = [field for field in inspect.type_info(cls).fields if field.name != "order_id"]  # type: ignore[attr-defined]
    if not fields:
        return
    yield "| field | type |"
    yield "|---|---|"
    for field in fields:
        yield f"| `{field.name}` | {type_words(field.type)} |"
    yield ""


def _listeners(name: str) -> Iterator[str]:
    listeners = sorted((r for r in reactions().values() if name in r.contract.reads), key=lambda r: r.id)
    if not listeners:
        yield "Nobody reacts to it.\n"
        return
    yield "| reaction | reads | answers with | within |"
    yield "|---|---|---|---|"
    for reaction in listeners:
        reads = ", ".join(f.name for f in msgspec.structs.fields(reaction.contract.reads[name]) if f.name != "order_id")
        seconds = f"{reaction.contract.within.total_seconds():g} s"
        yield f"| `{reaction.id}` | {reads or 'only that it happened'} | {_answers(reaction)} | {seconds} |"
    yield ""


def _answers(reaction: Reaction) -> str:
    contract = reaction.contract
    words = [f"`{event_name(cls)}`" for cls in contract.emits]
    words += ["ignored"] if contract.may_ignore else []
    words += ["waiting"] if contract.may_wait else []
    words += ["not ready yet"] if contract.may_be_unready else []
    return ", ".join(words) or "nothing (it takes note)"


def field_words(field: inspect.Field) -> str:
    """Returns the name of a field of a field, and that it is personal, if it is."""
    return f"{field.name}: personal" if is_personal(field.type) else field.name


def type_words(info: inspect.Type) -> str:
    """Returns a field's type in words a reader of JSON understands."""
    match info:
        case inspect.Metadata(type=marked):
            return f"{type_words(marked)}, personal" if is_personal(info) else type_words(marked)
        case inspect.UnionType(types=members):
            return " or ".join(type_words(member) for member in members)
        case inspect.LiteralType(values=values):
            return ", ".join(f'"{value}"' for value in values)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return f"list of {type_words(item)}"
        case inspect.StructType(cls=cls, fields=fields):
            return f"{cls.__name__} ({', '.join(field_words(field) for field in fields)})"
        case inspect.NoneType():
            return "null"
    return type(info).__name__.removesuffix("Type").lower()
