"""A bug that somebody could write: text that becomes another in a copy of the project, and who has to see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MACHINE = "tests/every_order"


class Stale(AssertionError):
    """The code has moved on, and the bug cannot be planted as it is written down."""


@dataclass(frozen=True)
class Change:
    """In this file, this text becomes that one."""

    file: str
    old: str
    new: str

    def applied(self, root: Path) -> str:
        """Returns the file with the change in it.

        Raises: Stale unless the text is there exactly once.
        """
        text = (root / self.file).read_text()
        if text.count(self.old) != 1:
            raise Stale(f"{self.file} has {text.count(self.old)} times, and not once: {self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Bug:
    """What is wrong, the changes that make it so, and the tests of which one has to fail."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...] = (MACHINE,)

    def plant(self, root: Path) -> None:
        """Makes the changes in the project at `root`, one after the other.

        Raises: Stale.
        """
        for change in self.changes:
            (root / change.file).write_text(change.applied(root))
