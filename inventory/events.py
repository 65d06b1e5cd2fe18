"""The facts that inventory publishes."""

from __future__ import annotations

from uuid import UUID

import msgspec

from outbox import Event


class ReservedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a SKU."""

    sku: str
    quantity: int


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """More units were requested than were available; a SKU that is not stocked has none available."""

    sku: str
    requested: int
    available: int


class StockReserved(Event, frozen=True, kw_only=True):
    """All lines of the order are held for it."""

    reservation_id: UUID
    lines: tuple[ReservedLine, ...]


class StockReservationFailed(Event, frozen=True, kw_only=True):
    """Nothing is held, because of these shortages. Closes inventory's book."""

    shortages: tuple[Shortage, ...]


class StockReleased(Event, frozen=True, kw_only=True):
    """Nothing is held any more for a cancelled order. Closes inventory's book.

    `reservation_id` is null, and `lines` is empty, if nothing had been held.
    """

    reservation_id: UUID | None
    lines: tuple[ReservedLine, ...]


class StockCommitted(Event, frozen=True, kw_only=True):
    """What was held has left the warehouse."""

    reservation_id: UUID
    lines: tuple[ReservedLine, ...]
