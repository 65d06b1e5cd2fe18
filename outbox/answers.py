"""What a reaction receives (a batch) and what it may answer to each event of it."""

from __future__ import annotations

from typing import Protocol, TypeVar
from uuid import UUID

import msgspec


class AboutAnOrder(Protocol):
    """Anything that names its order: an event, a reader, an intent, an answer."""

    @property
    def order_id(self) -> UUID: ...


T = TypeVar("T", bound=AboutAnOrder)


class Batch(tuple[T, ...]):
    """The events of one dispatch, in the order of their positions; at most one an order, unless the reaction folds."""

    __slots__ = ()

    @property
    def order_ids(self) -> list[UUID]:
        """The orders of the batch in sorted order, which is the order to lock their rows in."""
        return sorted({item.order_id for item in self})


class Ignored(msgspec.Struct, frozen=True):
    """The event was understood and nothing had to be done; `reason` is shown to operators."""

    order_id: UUID
    reason: str


class Waiting(msgspec.Struct, frozen=True):
    """A join has stored this event and waits for another one, named `for_` on the wire."""

    order_id: UUID
    for_: str


class NotDone(Exception):
    """An effect's call had certainly no effect outside (such as: the connection was refused).

    It is tried again like any failure, but without the doubt that any other exception of a call leaves behind.
    """


class NotReadyYet(msgspec.Struct, frozen=True):
    """The event cannot be answered now but soon; it is delivered again shortly and costs no attempt.

    After the reaction's `within` it counts as a failed attempt and so becomes visible.
    """

    order_id: UUID
    reason: str
