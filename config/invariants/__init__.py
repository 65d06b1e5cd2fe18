"""What has to hold of the whole database and of the ledgers of the companies outside, whatever has happened."""

from config.invariants.examining import INVARIANTS, examine_all
from config.invariants.invariant import Finding, Invariant, examine
from config.invariants.ledgers import copy_ledgers

__all__ = ["INVARIANTS", "Finding", "Invariant", "copy_ledgers", "examine", "examine_all"]
