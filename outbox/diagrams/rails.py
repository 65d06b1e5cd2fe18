"""The map of a choreography: a rail for each event, a column for each reaction, grouped by app.

Read a rail from the circle, who emits the event, to the triangles, who hear it; then follow a column down to its next
circle. Where lines cross without a mark they do not meet. So nothing has to be untangled, however much there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from outbox.admin.times import in_words
from outbox.diagrams.choreography import USE_CASES, Choreography, Part
from outbox.diagrams.findings import undeclared
from outbox.diagrams.labels import fitted, times, width_of
from outbox.diagrams.observed import Handled, Observed
from outbox.diagrams.shapes import Label

WIDTH, LEFT, RIGHT = 1200.0, 214.0, 1120.0
TOP, ROW, FOOT = 164.0, 25.0, 20.0
NARROWEST, WIDEST = 26.0, 56.0
BETWEEN_APPS = 10.0

State = Literal["seen", "unseen", "drift"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """That a part emits an event, or hears it: whether that was seen, or seen although nobody declared it."""

    x: float
    y: float
    emits: bool
    state: State
    title: str


@dataclass(frozen=True, kw_only=True)
class Rail:
    """An event, from the first of its marks to the last."""

    name: str
    description: str
    y: float
    x: float
    end: float
    label: Label
    count: int | None
    state: State
    marks: Sequence[Mark]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A part of the choreography, down to the last of its marks."""

    part: Part
    x: float
    end: float
    label: Label
    handled: Handled | None

    @property
    def p95(self) -> str:
        """In its largest unit, for there is little room."""
        p95 = self.handled.p95 if self.handled else None
        return "" if p95 is None else in_words(p95).partition(" ")[0]


@dataclass(frozen=True, kw_only=True)
class Band:
    """The columns of one app."""

    app: str
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Map:
    width: float
    height: float
    bands: Sequence[Band]
    columns: Sequence[Column]
    rails: Sequence[Rail]
    is_observed: bool
    top: float = TOP
    left: float = LEFT

    @property
    def foot(self) -> float:
        """Where the figures below the columns begin."""
        return TOP + ROW * len(self.rails)

    @property
    def has_drift(self) -> bool:
        return any(mark.state == "drift" for rail in self.rails for mark in rail.marks)

    @property
    def has_unseen(self) -> bool:
        return any(mark.state == "unseen" for rail in self.rails for mark in rail.marks)


def map_of(choreography: Choreography, observed: Observed | None = None) -> Map:
    """Lays the choreography out; with what was observed, it tells what was seen from what was only declared."""
    strangers = [(part, name) for part, name, _ in undeclared(choreography, observed)] if observed else []
    names = choreography.in_flow_order()
    names += sorted({name for _, name in strangers} - set(names))
    bands, places = _placed(_in_order(choreography, names, strangers))
    layout = _Layout(choreography, observed, {_key(part): x for part, x in places}, set(strangers))
    rails = [layout.rail(name, TOP + ROW * (n + 0.5)) for n, name in enumerate(names)]
    columns = [_column(part, x, rails, observed) for part, x in places]
    figures = FOOT * 3 + 8 if observed else 8
    return Map(
        width=max([WIDTH] + [band.x + band.width + 70 for band in bands[-1:]]),
        height=TOP + ROW * len(rails) + figures,
        bands=bands,
        columns=columns,
        rails=rails,
        is_observed=observed is not None,
    )


def _key(part: Part) -> str:
    return part.id or f"{part.app}.{USE_CASES}"


def _in_order(choreography: Choreography, names: Sequence[str], strangers: Iterable[tuple[str, str]]) -> list[Part]:
    """The parts by app, in the order of the flow; use cases first, those that only take note last."""
    known = {_key(part) for part in choreography.parts}
    new = {id or f"{name.partition('.')[0]}.{USE_CASES}" for id, name in strangers} - known
    parts = [*choreography.parts, *map(_stranger, sorted(new))]
    row = {name: n for n, name in enumerate(names)}
    main_flow = {*names[:1], *(choreography.reach(names[0]) if names else ())}
    app_rows: dict[str, int] = {}
    for part in parts:
        published = min((row[name] for name in part.emits if name in main_flow), default=len(row))
        app_rows[part.app] = min(app_rows.get(part.app, published), published)

    def place(part: Part) -> tuple[object, ...]:
        first = min((row[name] for name in part.hears or part.emits if name in row), default=len(row))
        return app_rows[part.app], part.app, bool(part.id), part.folds, first, part.id

    return sorted(parts, key=place)


def _stranger(key: str) -> Part:
    """A part that only its traces are known of."""
    app, _, name = key.partition(".")
    return Part(id="" if name == USE_CASES else key, app=app, is_declared=False)


def _placed(parts: Sequence[Part]) -> tuple[list[Band], list[tuple[Part, float]]]:
    """The bands of the apps, and each part with the middle of its column."""
    apps = [(app, list(group)) for app, group in groupby(parts, key=lambda part: part.app)]
    free = RIGHT - LEFT - BETWEEN_APPS * len(apps)
    pitch = min(max(free / max(len(parts), 1), NARROWEST), WIDEST)
    bands: list[Band] = []
    places: list[tuple[Part, float]] = []
    x = LEFT
    for app, its_parts in apps:
        width = max(len(its_parts) * pitch, width_of(app[:30]) * 1.1 + 14)
        start = x + (width - len(its_parts) * pitch) / 2
        bands.append(Band(app=fitted(app, width - 12), x=round(x, 1), width=round(width, 1)))
        places += [(part, round(start + pitch * (n + 0.5), 1)) for n, part in enumerate(its_parts)]
        x += width + BETWEEN_APPS
    return bands, places


def _column(part: Part, x: float, rails: Sequence[Rail], observed: Observed | None) -> Column:
    ys = [mark.y for rail in rails for mark in rail.marks if mark.x == x]
    return Column(
        part=part,
        x=x,
        end=max(ys, default=TOP),
        label=Label(x=x + 4, y=TOP - 12, text=fitted(part.name, TOP - 40), whole=part.id or part.name),
        handled=observed.reactions.get(part.id) if observed else None,
    )


class _Layout:
    """Puts marks where the events' rows meet the parts' columns."""

    def __init__(
        self,
        choreography: Choreography,
        observed: Observed | None,
        x: Mapping[str, float],
        strangers: set[tuple[str, str]],
    ) -> None:
        self._choreography, self._observed, self._x, self._strangers = choreography, observed, x, strangers

    def rail(self, name: str, y: float) -> Rail:
        marks = [*self._emitting(name, y), *self._hearing(name, y)]
        xs = [mark.x for mark in marks]
        count = self._observed.times(name) if self._observed else None
        is_drift = any(mark.state == "drift" for mark in marks)
        return Rail(
            name=name,
            description=self._choreography.events.get(name, ""),
            y=y,
            x=min(xs, default=LEFT),
            end=max(xs, default=LEFT),
            label=Label(x=LEFT - 10, y=y + 4, text=fitted(name, LEFT), whole=name),
            count=count,
            state="drift" if is_drift else "unseen" if count == 0 else "seen",
            marks=marks,
        )

    def _emitting(self, name: str, y: float) -> Iterator[Mark]:
        for part in self._choreography.parts:
            if name in part.emits:
                count = self._observed.emitted.get((name, part.id), 0) if self._observed else None
                yield self._mark(part, name, y, count, emits=True)
        for id, stranger in self._strangers:
            if stranger == name:
                key = id or f"{name.partition('.')[0]}.{USE_CASES}"
                title = f"{key} published {name}, which it has not declared"
                yield Mark(x=self._x[key], y=y, emits=True, state="drift", title=title)

    def _hearing(self, name: str, y: float) -> Iterator[Mark]:
        for part in self._choreography.parts:
            if name in part.hears:
                handled = self._observed.handled.get((name, part.id)) if self._observed else None
                count = (handled.count if handled else 0) if self._observed else None
                yield self._mark(part, name, y, count, emits=False)

    def _mark(self, part: Part, name: str, y: float, count: int | None, *, emits: bool) -> Mark:
        seen = "" if count is None else f": {times(count)}" if count else ": not seen"
        title = f"{_key(part)} {'publishes' if emits else 'hears'} {name}{seen}"
        return Mark(x=self._x[_key(part)], y=y, emits=emits, state="unseen" if count == 0 else "seen", title=title)
