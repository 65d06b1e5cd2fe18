"""The shapes of a waterfall, placed in the units of its drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from outbox.admin.history import ToldEvent
from outbox.diagrams.axis import Axis
from outbox.diagrams.phases import KINDS, Life

LINES = ("relay", "timer", "retry")
WIDTH, LEFT, RIGHT = 896.0, 172.0, 888.0


class Expected(NamedTuple):
    """What an app still has to do, since when, and when it will be late."""

    app: str
    label: str
    since: datetime
    until: datetime


def box(x: float, y: float, width: float, height: float) -> str:
    """Returns a rectangle as a path."""
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A phase of a delivery; `y` is its middle. Work, and waiting for a worker, is a box, other waiting a line."""

    kind: str
    x: float
    y: float
    width: float

    @property
    def path(self) -> str:
        if self.kind in LINES:
            return f"M{self.x:.1f} {self.y:.1f}h{self.width:.1f}"
        return box(self.x, self.y - 5, self.width, 10)


@dataclass(frozen=True, kw_only=True)
class Label:
    """`text` is what fits; `whole` what it stands for."""

    x: float
    y: float
    text: str
    whole: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A delivery: its segments from left to right, its failures, and what became of it beside them."""

    life: Life
    y: float
    segments: Sequence[Segment]
    failures: Sequence[float]
    label: Label

    @property
    def hit(self) -> str:
        """What can be pointed at, as a path."""
        return box(self.x - 2, self.y + 2, self.width + 4, 16)

    @property
    def crosses(self) -> str:
        """The failures, as a path."""
        return "".join(f"M{x - 4:.1f} {self.y + 6:.1f}l8 8m0 -8l-8 8" for x in self.failures)

    @property
    def x(self) -> float:
        return min([segment.x for segment in self.segments] + list(self.failures) + [self.label.x])

    @property
    def width(self) -> float:
        return max([s.x + s.width for s in self.segments] + list(self.failures) + [self.x + 2]) - self.x


@dataclass(frozen=True, kw_only=True)
class Moment:
    """An event, at its time; one that the relay has still to hand on has a `wait` until now."""

    event: ToldEvent
    y: float
    x: float
    wait: float
    label: Label

    @property
    def hit(self) -> str:
        """What can be pointed at, as a path."""
        return box(self.x - 7, self.y + 1, 14, 18)


@dataclass(frozen=True, kw_only=True)
class Ghost:
    """What is expected, drawn until its deadline."""

    expected: Expected
    y: float
    x: float
    width: float
    label: Label
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class Lane:
    """What one app did; the first lane holds the events."""

    name: str
    y: float
    height: float
    rows: Sequence[Label]


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    height: float
    axis: Axis
    lanes: Sequence[Lane]
    moments: Sequence[Moment]
    bars: Sequence[Bar]
    ghosts: Sequence[Ghost]
    lives: Sequence[Life]
    now_x: float | None
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT

    @property
    def left_out(self) -> int:
        """How many deliveries had no room."""
        return len(self.lives) - len(self.bars)

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds of phases that occur, with their words."""
        found = {phase.kind for life in self.lives for phase in life.phases}
        return {kind: words for kind, words in KINDS.items() if kind in found}

    @property
    def has_failures(self) -> bool:
        return any(bar.failures for bar in self.bars)
