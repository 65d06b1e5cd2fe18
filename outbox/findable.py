"""By which fields of events people look for an order: said in the event, once, and noted when it is fanned out."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

# `tracking_number: Findable[str]`. On the wire, and for readers, it is the same as without.
Findable = Annotated[T, msgspec.Meta(extra={"findable": True})]


def is_findable(info: inspect.Type) -> bool:
    """Whether a field of this type was declared `Findable`."""
    return isinstance(info, inspect.Metadata) and bool((info.extra or {}).get("findable"))
