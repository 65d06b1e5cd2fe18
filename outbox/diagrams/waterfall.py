"""The waterfall: when each app worked on an order and what each reaction waited for, on one folded time axis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from outbox.admin.history import History
from outbox.diagrams.axis import Axis, axis_of
from outbox.diagrams.labels import bare, fitted, width_of
from outbox.diagrams.packing import Rows
from outbox.diagrams.phases import Life, life_of
from outbox.diagrams.shapes import LEFT, RIGHT, Bar, Expected, Ghost, Label, Lane, Moment, Segment, Waterfall

TOP, HEADING, ROW = 34.0, 22.0, 20.0
ROOMY = 40  # up to so many deliveries each has room for its outcome beside its bar
LONGEST_NAME = 260.0  # of an event
LAST_OUTCOME = 150.0  # the room behind the last bar
MOST_ROWS = 12  # of one reaction
LEAST_TEXT, ENOUGH_TEXT = 45.0, 130.0
BOLD = 0.88  # what is bad is bold, so less of it fits
EVENTS = "events"


def waterfall_of(history: History, expected: Iterable[tuple[str, str, datetime, datetime]] = ()) -> Waterfall:
    """Lays out the history, which holds at least one event, and what is expected after it."""
    lives = [life_of(event.row, delivery) for event in history.events for delivery in event.deliveries]
    ghosts = [Expected(*one) for one in expected]
    is_roomy = len(lives) <= ROOMY
    axis = _axis(history, lives, ghosts, right=RIGHT - LAST_OUTCOME if is_roomy else RIGHT)
    layout = _Layout(axis, is_roomy=is_roomy)
    layout.add_events(history)
    for app in _apps(lives, ghosts):
        layout.add_app(
            app, [life for life in lives if life.app == app], [g for g in ghosts if g.app == app], history.now
        )
    is_open = bool(history.unfinished or history.pending or ghosts)
    return Waterfall(
        height=layout.y + 6,
        axis=axis,
        lanes=layout.lanes,
        moments=layout.moments,
        bars=layout.bars,
        ghosts=layout.ghosts,
        lives=lives,
        now_x=axis.x(history.now) if is_open else None,
    )


def _axis(history: History, lives: Sequence[Life], ghosts: Sequence[Expected], *, right: float) -> Axis:
    moments = {event.row.occurred_at for event in history.events}
    moments |= {moment for life in lives for phase in life.phases for moment in (phase.start, phase.end)}
    moments |= {failed_at for life in lives for failed_at in life.failures}
    moments |= {moment for ghost in ghosts for moment in (ghost.since, ghost.until)}
    if history.unfinished or history.pending or ghosts:
        moments.add(history.now)
    busy = [(phase.start, phase.end) for life in lives for phase in life.phases if phase.kind == "run"]
    return axis_of(moments, busy, left=LEFT, right=right)


def _apps(lives: Sequence[Life], ghosts: Sequence[Expected]) -> list[str]:
    """The apps in the order in which they had first something to do."""
    first: dict[str, datetime] = {}
    for app, start in [(life.app, life.start) for life in lives] + [(ghost.app, ghost.since) for ghost in ghosts]:
        first[app] = min(start, first.get(app, start))
    return sorted(first, key=lambda app: first[app])


class _Layout:
    """Puts one row beneath another; a row takes what does not overlap."""

    def __init__(self, axis: Axis, *, is_roomy: bool) -> None:
        self.axis, self.is_roomy, self.y = axis, is_roomy, TOP
        self.lanes: list[Lane] = []
        self.moments: list[Moment] = []
        self.bars: list[Bar] = []
        self.ghosts: list[Ghost] = []

    def add_events(self, history: History) -> None:
        start, rows = self._begin(), Rows(MOST_ROWS)
        for event in history.events:
            x = self.axis.x(event.row.occurred_at)
            name = fitted(f"{bare(event.row.name)} #{event.row.position}", LONGEST_NAME)
            wait = round(self.axis.x(history.now) - x, 1) if event.is_pending else 0.0
            words = width_of(name) + 18 if self.is_roomy else 6
            is_at_the_end = x + words > RIGHT
            row = rows.take(x - (words if is_at_the_end else 6), x + max(6 if is_at_the_end else words, wait))
            y = self.y + (rows.last if row is None else row) * ROW
            text_x = x - words + 6 if is_at_the_end else x + 9
            label = Label(x=text_x, y=y + 14, text=name if self.is_roomy else "", whole=event.row.name)
            self.moments.append(Moment(event=event, x=x, y=y, wait=wait, label=label))
        self.y += max(rows.used, 1) * ROW
        self._end(EVENTS, start, [])

    def add_app(self, app: str, lives: Sequence[Life], ghosts: Sequence[Expected], now: datetime) -> None:
        start, labels = self._begin(), []
        of_reaction: defaultdict[str, list[Life]] = defaultdict(list)
        for life in sorted(lives, key=lambda life: life.start):
            of_reaction[life.name].append(life)
        for name, its_lives in of_reaction.items():
            labels.append(self._row_label(name))
            self.y += self._add_bars(its_lives) * ROW
        for ghost in ghosts:
            labels.append(self._row_label("expected"))
            self.ghosts.append(self._ghost(ghost, now))
            self.y += ROW
        self._end(app, start, labels)

    def _begin(self) -> float:
        start = self.y
        self.y += HEADING
        return start

    def _end(self, name: str, start: float, labels: Sequence[Label]) -> None:
        self.y += 4
        self.lanes.append(Lane(name=fitted(name, LEFT), y=start, height=self.y - start, rows=labels))

    def _row_label(self, name: str) -> Label:
        return Label(x=LEFT - 8, y=self.y + 14, text=fitted(name, LEFT - 16), whole=name)

    def _add_bars(self, lives: Sequence[Life]) -> int:
        """Adds the deliveries of one reaction and returns how many rows they took."""
        rows, placed = Rows(MOST_ROWS), []
        for life in lives:
            x, end = self.axis.x(life.start), self.axis.x(life.end)
            words = width_of(life.outcome) + 10 if self.is_roomy else 3
            row = rows.take(x, max(end, x + 2) + min(words, 200))
            if row is not None:
                placed.append((life, row))
        used = rows.used
        for life, row, room in _with_room(placed, self.axis):
            bar = self._bar(life, self.y + row * ROW)
            label = self._label(bar, room, self.y + used * ROW)
            used += label.y > self.y + used * ROW
            self.bars.append(replace(bar, label=label))
        return used

    def _bar(self, life: Life, y: float) -> Bar:
        segments = [
            Segment(kind=phase.kind, x=self.axis.x(phase.start), y=y + 10, width=self._width(phase.start, phase.end))
            for phase in life.phases
        ]
        failures = [self.axis.x(failed_at) for failed_at in life.failures]
        end = max(self.axis.x(life.end), self.axis.x(life.start) + 2)
        label = Label(x=end + 6, y=y + 14, text="", whole=life.outcome)
        return Bar(life=life, y=y, segments=segments, failures=failures, label=label)

    def _label(self, bar: Bar, room: float, below: float) -> Label:
        """The outcome behind the bar; where there is no room, below what has failed, or over the wait of a timer."""
        label, share = bar.label, BOLD if bar.life.is_bad else 1
        enough = min(width_of(label.whole[:200]), ENOUGH_TEXT)
        if room * share >= enough:
            return replace(label, text=fitted(label.whole, room * share))
        if bar.failures and self.is_roomy:
            return replace(label, x=bar.x, y=below + 12, text=fitted(label.whole, (RIGHT - bar.x) * share))
        timer = next((segment for segment in bar.segments if segment.kind == "timer"), None)
        if timer and timer.width - 12 >= enough:
            return replace(label, x=timer.x + 6, text=fitted(label.whole, timer.width - 12))
        return replace(label, text=fitted(label.whole, room) if room >= LEAST_TEXT else "")

    def _ghost(self, expected: Expected, now: datetime) -> Ghost:
        x, width = self.axis.x(expected.since), self._width(expected.since, expected.until)
        is_late = expected.until < now
        words = f"{expected.label}, {'late' if is_late else 'expected'}"
        outside = RIGHT - x - width - 6
        is_inside = outside < width_of(words) and outside < width
        room, text_x = (width - 10, x + 5) if is_inside else (outside, x + width + 6)
        label = Label(x=text_x, y=self.y + 14, text=fitted(words, room), whole=words)
        return Ghost(expected=expected, y=self.y, x=x, width=width, label=label, is_late=is_late)

    def _width(self, start: datetime, end: datetime) -> float:
        return round(max(self.axis.x(end) - self.axis.x(start), 1.5), 1)


def _with_room(placed: Sequence[tuple[Life, int]], axis: Axis) -> Iterator[tuple[Life, int, float]]:
    """Yields each delivery with its row and how much room there is behind it, to the next one in the row."""
    next_start: dict[int, float] = {}
    for life, row in reversed(placed):
        yield life, row, next_start.get(row, RIGHT) - axis.x(life.end) - 12
        next_start[row] = axis.x(life.start)
