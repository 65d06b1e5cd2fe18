"""What has to hold of the whole database and of the ledgers of the companies outside, whatever has happened."""

from config.invariants.engine import ENGINE
from config.invariants.history import HISTORY
from config.invariants.invariant import Finding, Invariant, examine
from config.invariants.ledgers import copy_ledgers
from config.invariants.money import MONEY
from config.invariants.once import ONCE
from config.invariants.stock import STOCK

INVARIANTS = tuple(sorted((*STOCK, *MONEY, *ENGINE, *ONCE, *HISTORY), key=lambda invariant: invariant.code))

__all__ = ["INVARIANTS", "Finding", "Invariant", "copy_ledgers", "examine"]
