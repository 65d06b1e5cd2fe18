"""Which fields of events are personal: said in the event, once, and masked wherever staff reads it."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

# `customer_email: Personal[str]`. On the wire, and for readers, it is the same as without.
Personal = Annotated[T, msgspec.Meta(extra={"personal": True})]


def is_personal(info: inspect.Type) -> bool:
    """Whether a field of this type was declared `Personal`."""
    return isinstance(info, inspect.Metadata) and bool((info.extra or {}).get("personal"))
