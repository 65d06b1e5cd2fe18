"""The events as an AsyncAPI 3 document, with JSON Schemas; written from the code, like the event catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from outbox.events import Event, app_of, published_events
from outbox.reactions import Reaction, reactions

Json = dict[str, Any]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with every event: its name and place, the order it belongs to, and what caused it."""

    id: UUID
    position: int
    name: str
    version: int
    order_id: UUID
    cause_kind: str
    cause_id: str
    producer: str
    actor: str
    traceparent: str


def document(title: str, version: str) -> Json:
    """Returns the document: a channel for each event, and who sends to it and who receives from it."""
    events = dict(sorted(published_events().items()))
    schemas, components = msgspec.json.schema_components(
        [Envelope, *events.values()], ref_template="#/components/schemas/{name}"
    )
    envelope, *payloads = schemas
    messages = {name: _message(events[name], payload, envelope) for name, payload in zip(events, payloads, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": "Facts, in the past tense, each about one order."},
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, cls) for name, cls in events.items()},
        "operations": _operations(events),
        "components": {"messages": messages, "schemas": dict(sorted(components.items()))},
    }


def _message(cls: type[Event], payload: Json, envelope: Json) -> Json:
    return {"summary": _words(cls), "headers": envelope, "payload": payload}


def _channel(name: str, cls: type[Event]) -> Json:
    return {
        "address": name,
        "description": _words(cls),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _operations(events: Mapping[str, type[Event]]) -> Json:
    sent = {
        f"{app_of(cls.__module__)} sends {name}": _operation("send", name, f"Published by {app_of(cls.__module__)}.")
        for name, cls in events.items()
    }
    received = {
        f"{reaction.id} receives {name}": _operation("receive", name, reaction.description)
        for reaction, name in _heard()
        if name in events
    }
    return sent | received


def _heard() -> list[tuple[Reaction, str]]:
    by_id = sorted(reactions().values(), key=lambda reaction: reaction.id)
    return [(reaction, name) for reaction in by_id for name in sorted(reaction.contract.reads)]


def _operation(action: str, channel: str, summary: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _words(cls: type[Event]) -> str:
    return " ".join((cls.__doc__ or "").split())
