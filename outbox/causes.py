"""Why something happens: the context from which published events take their cause, actor and trace."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import msgspec

Kind = Literal["event", "request", "operation", "system"]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What made something happen. `id` is the id of the event, request or operation; `producer` who acted on it."""

    kind: Kind = "system"
    id: str = ""
    producer: str = "code"
    actor: str = ""
    traceparent: str = ""


_current: ContextVar[Cause | None] = ContextVar("cause", default=None)


def current_cause() -> Cause:
    """Returns the cause in force, or one that says that plain code of this system acted."""
    return _current.get() or Cause(traceparent=new_traceparent())


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    """What is published inside has this cause."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)


def new_traceparent() -> str:
    """Returns a fresh W3C `traceparent` (version 00, sampled)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
