"""What payments hears of the other apps, and how much of it."""

from __future__ import annotations

from outbox import Money, Reader


class OrderPlaced(Reader, frozen=True, kw_only=True):
    total: Money
    payment_method: str


class StockReserved(Reader, frozen=True, kw_only=True):
    pass


class OrderCancelled(Reader, frozen=True, kw_only=True):
    pass
