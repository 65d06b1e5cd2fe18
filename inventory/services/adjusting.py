"""Setting and correcting what is on hand: by the warehouse's counts, never by orders."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, transaction

from inventory.models import Adjustment, Stock

SET_STOCK = """
INSERT INTO inventory_stock AS stock (sku, on_hand)
SELECT * FROM unnest(%s::text[], %s::bigint[]) AS level (sku, on_hand) ORDER BY sku
ON CONFLICT (sku) DO UPDATE SET on_hand = greatest(EXCLUDED.on_hand, stock.reserved)
"""

# Far above what any warehouse holds, far below what a bigint does.
LARGEST_STOCK = 1_000_000_000_000


class CannotAdjust(ValueError):
    """The stock cannot be adjusted so; the message says why."""


class UnknownSku(CannotAdjust):
    """This SKU is not stocked."""


class StaleCount(CannotAdjust):
    """The stock has changed since it was counted."""

    def __init__(self, on_hand: int) -> None:
        super().__init__(f"There are {on_hand} units on hand by now; count again.")
        self.on_hand = on_hand


class BelowReserved(CannotAdjust):
    """Less would be on hand than is held for orders: cancel some of them first."""

    def __init__(self, reserved: int) -> None:
        super().__init__(f"{reserved} units are held for orders; cancel some of them first.")


class TooMuch(CannotAdjust):
    """More than `LARGEST_STOCK` units would be on hand."""


def set_stock(*, levels: Mapping[str, int]) -> None:
    """Sets the units on hand of each SKU, though never below what is reserved of it. May be repeated."""
    with connection.cursor() as cursor:
        cursor.execute(SET_STOCK, [list(levels), list(levels.values())])


def adjust_stock(
    *, sku: str, delta: int, expected_on_hand: int, reason: Adjustment.Reason, note: str, actor: str
) -> Adjustment:
    """Adds `delta` units, which may be negative, to what is on hand, if that is still what the counter believes.

    Raises:
        UnknownSku, StaleCount, BelowReserved, TooMuch: all are `CannotAdjust`.
    """
    with transaction.atomic():
        stock = Stock.objects.select_for_update(no_key=True).filter(sku=sku).first()
        if stock is None:
            raise UnknownSku(UnknownSku.__doc__)
        if stock.on_hand != expected_on_hand:
            raise StaleCount(stock.on_hand)
        stock.on_hand += delta
        if stock.on_hand < stock.reserved:
            raise BelowReserved(stock.reserved)
        if stock.on_hand > LARGEST_STOCK:
            raise TooMuch(TooMuch.__doc__)
        stock.save(update_fields=["on_hand"])
        return Adjustment.objects.create(
            sku=sku, delta=delta, on_hand=stock.on_hand, reason=reason, note=note, actor=actor
        )
