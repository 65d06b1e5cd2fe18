"""Rows of intervals that do not overlap."""

from __future__ import annotations


class Rows:
    """Rows of intervals that do not overlap, `most` of them at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ends: list[float] = []
        self.last = 0

    @property
    def used(self) -> int:
        return len(self._ends)

    def take(self, start: float, end: float) -> int | None:
        """Returns the first row that is free from `start` on and takes it until `end`; None if there is none."""
        row = next((n for n, taken in enumerate(self._ends) if taken <= start), len(self._ends))
        if row == self._most:
            return None
        self._ends[row : row + 1] = [end]
        self.last = row
        return row
