"""Amounts as people write them."""

from __future__ import annotations

from outbox import Money


def in_major_unit(amount: int, currency: str) -> str:
    """Returns an amount in the minor unit as people write it: `1,234.50 EUR`, `1,234 JPY`."""
    return str(Money(amount=amount, currency=currency))
