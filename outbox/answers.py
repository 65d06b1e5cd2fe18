"""What a reaction receives (a batch) and what it may answer to each event of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from outbox.events import Event


class AboutAnOrder(Protocol):
    """Anything that names its order: an event, a reader, an intent, an answer."""

    @property
    def order_id(self) -> UUID: ...


T = TypeVar("T", bound=AboutAnOrder)
E = TypeVar("E", bound=Event)

# How the outcome of a delivery begins that its join has stored, or that is not ready yet.
WAITS_FOR = "waits for "
NOT_READY = "not ready: "


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


class Several(msgspec.Struct, Generic[E], frozen=True):
    """One answer that is several events of the same order: what has happened concerns several parties, each by itself.

    Declare it as `Several[AnEvent]`. Whoever hears these events answers each of them alone.
    """

    events: tuple[E, ...]

    def __post_init__(self) -> None:
        if len({event.order_id for event in self.events}) != 1:
            raise ValueError("Several are events of one order, and at least one.")

    @property
    def order_id(self) -> UUID:
        return self.events[0].order_id


class NotDone(Exception):
    """An effect's call had certainly no effect outside (such as: the connection was refused).

    It is tried again like any failure, but without the doubt that any other exception of a call leaves behind.
    """


class NotReadyYet(msgspec.Struct, frozen=True):
    """The event cannot be answered now but later; it is delivered again and costs no attempt.

    It comes again after `again_in`, by default shortly: so a reaction, or an effect from `prepare` or `record`, has
    a retry policy of its own. After the reaction's `within` it counts as a failed attempt and so becomes visible.
    """

    order_id: UUID
    reason: str
    again_in: timedelta | None = None
