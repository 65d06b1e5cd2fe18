"""The use cases of inventory, the only writers of its tables."""

from inventory.services.adjusting import (
    BelowReserved,
    CannotAdjust,
    StaleCount,
    TooMuch,
    UnknownSku,
    adjust_stock,
    set_stock,
)
from inventory.services.reserving import commit, release, reserve

__all__ = [
    "BelowReserved",
    "CannotAdjust",
    "StaleCount",
    "TooMuch",
    "UnknownSku",
    "adjust_stock",
    "commit",
    "release",
    "reserve",
    "set_stock",
]
