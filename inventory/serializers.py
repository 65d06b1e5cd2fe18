"""What inventory accepts and shows over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.bodies import Input, Moment, matching
from inventory.models import Adjustment, Stock

SKU = r"[A-Z0-9][A-Z0-9._-]{0,63}"
Sku = Annotated[str, matching(rf"^{SKU}\Z", "A SKU looks like MUG-BLUE: A-Z, 0-9, dot, _ and -.", "MUG-BLUE")]
Note = Annotated[
    str, matching(r"^[^\x00-\x09\x0b-\x1f\x7f]*\Z", "Text without control characters."), Meta(max_length=500)
]
LARGEST_DELTA = 1_000_000_000


class StockLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is any of a SKU; how much, only staff and services are told."""

    sku: str
    in_stock: bool
    on_hand: int | UnsetType = UNSET
    reserved: int | UnsetType = UNSET
    available: int | UnsetType = UNSET


class StockPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some SKUs, sorted; `next` is the address of the following ones, or null."""

    data: Sequence[StockLevel]
    next: str | None


class AdjustStock(Input, frozen=True, kw_only=True):
    """A correction by `delta` units, made in the belief that `expected_on_hand` units are on hand."""

    sku: Sku
    delta: Annotated[int, Meta(ge=-LARGEST_DELTA, le=LARGEST_DELTA)]
    expected_on_hand: Annotated[int, Meta(ge=0, le=10**12)]
    reason: Literal["counted", "received", "damaged", "lost", "other"]
    note: Note = ""


class AdjustedStock(msgspec.Struct, frozen=True, kw_only=True):
    """A correction that was made; `on_hand` is what is there after it."""

    id: UUID
    sku: str
    delta: int
    on_hand: int
    reason: str
    note: str
    adjusted_at: Moment


def shown(stock: Stock, *, to_staff: bool) -> StockLevel:
    """Returns the stock as a customer is told of it, or as staff and services are."""
    in_stock = stock.available > 0
    if not to_staff:
        return StockLevel(sku=stock.sku, in_stock=in_stock)
    return StockLevel(
        sku=stock.sku, in_stock=in_stock, on_hand=stock.on_hand, reserved=stock.reserved, available=stock.available
    )


def shown_adjustment(adjustment: Adjustment) -> AdjustedStock:
    return AdjustedStock(
        id=adjustment.pk,
        sku=adjustment.sku,
        delta=adjustment.delta,
        on_hand=adjustment.on_hand,
        reason=adjustment.reason,
        note=adjustment.note,
        adjusted_at=adjustment.adjusted_at,
    )
