"""What inventory hears of the other apps, and how much of it."""

from __future__ import annotations

import msgspec

from outbox import Reader


class WantedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a SKU."""

    sku: str
    quantity: int


class OrderPlaced(Reader, frozen=True, kw_only=True):
    lines: tuple[WantedLine, ...]


class OrderCancelled(Reader, frozen=True, kw_only=True):
    pass


class OrderShipped(Reader, frozen=True, kw_only=True):
    pass
