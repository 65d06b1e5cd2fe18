"""A time axis on which milliseconds of work and days of waiting both can be read: it folds long idle stretches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

Interval = tuple[datetime, datetime]

BREAK = 72.0  # as wide as its label
MOST_BREAKS = 5
SHORTEST_BREAK = timedelta(seconds=1)
SHORTEST_AXIS = timedelta(milliseconds=20)  # what is shorter does not fill the width, or it would look long
BETWEEN_TICKS = 90.0
STEPS = [timedelta(milliseconds=n * 10**k) for k in range(4) for n in (1, 2, 5)]
STEPS += [timedelta(seconds=n) for n in (10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200)]
STEPS += [timedelta(days=n) for n in (1, 2, 5, 10, 30, 100, 365)]


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A piece of the axis between two moments."""

    start: datetime
    end: datetime
    is_folded: bool
    x: float
    width: float

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def place(self, moment: datetime) -> float:
        return self.x + self.width * ((moment - self.start) / self.length)


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on the axis, and how long after its beginning that is."""

    x: float
    offset: timedelta


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Stretches without a gap from the first moment to the last."""

    start: datetime
    left: float
    right: float
    stretches: Sequence[Stretch]

    def x(self, moment: datetime) -> float:
        """Returns where a moment is, to a tenth; what is beyond an end is at it."""
        if not self.stretches or moment <= self.start:
            return self.left
        n = bisect_right(self.stretches, moment, key=lambda stretch: stretch.start) - 1
        stretch = self.stretches[n]
        return round(stretch.place(min(moment, stretch.end)), 1)

    @property
    def breaks(self) -> list[Stretch]:
        return [stretch for stretch in self.stretches if stretch.is_folded]

    @property
    def ticks(self) -> list[Tick]:
        """Round offsets up to the first break; after each break, where time goes on."""
        ticks = self._round_ticks()
        for before, after in pairwise(self.stretches):
            x = round(after.x, 1)
            has_room = x - ticks[-1].x >= BETWEEN_TICKS and self._next_break(x) - x >= BETWEEN_TICKS
            if before.is_folded and has_room:
                ticks.append(Tick(x=x, offset=after.start - self.start))
        return ticks

    def _next_break(self, x: float) -> float:
        return min((stretch.x for stretch in self.breaks if stretch.x >= x), default=self.right)

    def _round_ticks(self) -> list[Tick]:
        end = next((stretch.start for stretch in self.stretches if stretch.is_folded), None)
        end = end or (self.stretches[-1].end if self.stretches else self.start)
        width, length = self.x(end) - self.left, end - self.start
        last = self.x(end) - BETWEEN_TICKS / 2  # the label stands behind its tick
        if not length:
            return [Tick(x=self.left, offset=timedelta(0))]
        step = next((step for step in STEPS if width * (step / length) >= BETWEEN_TICKS), length)
        offsets = (step * n for n in range(int(length / step) + 1))
        ticks = [Tick(x=self.x(self.start + offset), offset=offset) for offset in offsets]
        return ticks[:1] + [tick for tick in ticks[1:] if tick.x <= last]


def axis_of(moments: Iterable[datetime], busy: Iterable[Interval], *, left: float, right: float) -> Axis:
    """Lays the moments out between `left` and `right`.

    Idle stretches that would leave no room for the rest are folded to a break of constant width.

    Args:
        moments: all that is to be placed; at least one.
        busy: when work was under way, which is never folded.
    """
    distinct = sorted(set(moments))
    pieces = list(pairwise(distinct))
    folded = _folded(pieces, _merged(busy))
    shown = sum((end - start for start, end in pieces if (start, end) not in folded), timedelta(0))
    scale = (right - left - BREAK * len(folded)) / max(shown, SHORTEST_AXIS).total_seconds()
    stretches, x = [], left
    for start, end in pieces:
        is_folded = (start, end) in folded
        width = BREAK if is_folded else (end - start).total_seconds() * scale
        stretches.append(Stretch(start=start, end=end, is_folded=is_folded, x=x, width=width))
        x += width
    return Axis(start=distinct[0], left=left, right=right, stretches=stretches)


def _folded(pieces: Sequence[Interval], busy: Sequence[Interval]) -> set[Interval]:
    """The longest idle pieces, as many as are each longer than everything that is left when they are gone."""
    idle = [piece for piece in pieces if piece[1] - piece[0] >= SHORTEST_BREAK and not _meets(piece, busy)]
    idle.sort(key=lambda piece: piece[1] - piece[0], reverse=True)
    rest = sum((end - start for start, end in pieces), timedelta(0))
    worth = 0
    for n, (start, end) in enumerate(idle[:MOST_BREAKS], 1):
        rest -= end - start
        if timedelta(0) < rest < end - start:
            worth = n
    return set(idle[:worth])


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _meets(piece: Interval, busy: Sequence[Interval]) -> bool:
    """Whether any of the merged intervals overlaps the piece."""
    n = bisect_right(busy, piece[0], key=lambda interval: interval[1])
    return n < len(busy) and busy[n][0] < piece[1]
