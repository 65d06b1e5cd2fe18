"""What shipping hears of the other apps, and how much of it."""

from __future__ import annotations

import msgspec

from outbox import Reader


class LineToShip(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a SKU."""

    sku: str
    quantity: int


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ship to; `country` is an ISO 3166-1 alpha-2 code. Personal."""

    recipient: str
    lines: tuple[str, ...]
    locality: str
    country: str
    postal_code: str = ""


class OrderPlaced(Reader, frozen=True, kw_only=True):
    lines: tuple[LineToShip, ...]
    ship_to: Address


class PaymentCaptured(Reader, frozen=True, kw_only=True):
    pass


class OrderCancellationRequested(Reader, frozen=True, kw_only=True):
    pass


class OrderCancelled(Reader, frozen=True, kw_only=True):
    pass
