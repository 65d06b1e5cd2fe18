"""The sequence diagram: who told whom what, from the request that began it to the last call outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from outbox.admin.history import History, ToldDelivery
from outbox.diagrams.labels import fitted, one_line
from outbox.diagrams.phases import life_of
from outbox.diagrams.shapes import Label, box
from outbox.diagrams.steps import OUTSIDE, Step, actor_of, delivery_words, event_words, steps_of
from outbox.models import DeliveryState

WIDTH = 896.0
TIMES = 72.0  # the column at the left
NARROWEST, WIDEST = 112.0, 190.0
FOREIGN = 0.7  # the share of an app's width for those who have no reactions
TOP, ARROW, BOX, GAP = 44.0, 30.0, 34.0, 8.0
SAME_TIME = timedelta(milliseconds=200)  # boxes of one row
THIN = (DeliveryState.IGNORED, DeliveryState.SKIPPED, DeliveryState.ORPHANED)


@dataclass(frozen=True, kw_only=True)
class Lifeline:
    name: str
    label: str
    x: float
    width: float
    is_app: bool


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """From one lifeline to others, all at one height: an event to its hearers, or the request that set it off."""

    step: Step
    sender: str
    hearers: Sequence[str]
    y: float
    x: float
    to: Sequence[float]  # the hearers; the sender's own lifeline is a loop
    label: Label
    anchor: str  # where the label hangs from: start, end

    @property
    def hit(self) -> str:
        """What can be pointed at, as a path."""
        first, last = min([self.x, *self.to]), max([self.x, *self.to])
        return box(first - 4, self.y - 17, last - first + 8, 22)

    @property
    def title(self) -> str:
        return one_line(f"{self.label.whole}: from {self.sender} to {', '.join(self.hearers) or 'nobody'}")

    @property
    def loops(self) -> bool:
        return self.x in self.to

    @property
    def pieces(self) -> list[tuple[float, float]]:
        """From one end to the next, outwards from the sender to both sides."""
        right = [self.x, *sorted(x for x in self.to if x > self.x)]
        left = [self.x, *sorted((x for x in self.to if x < self.x), reverse=True)]
        return [*pairwise(right), *pairwise(left)]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A reaction that handles an event, on the lifeline of its app; an effect that called has an arrow outside."""

    step: Step
    delivery: ToldDelivery
    y: float
    x: float
    width: float
    height: float
    name: Label
    note: Label
    is_thin: bool
    outside: float | None

    @property
    def title(self) -> str:
        return life_of(self.step.event.row, self.delivery).summary

    @property
    def is_bad(self) -> bool:
        return self.delivery.row.state in (DeliveryState.PARKED, DeliveryState.ORPHANED)

    @property
    def is_answered(self) -> bool:
        """Whether the outside has told what became of the call."""
        return self.delivery.row.state == DeliveryState.DONE

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True, kw_only=True)
class Sequenced:
    width: float
    height: float
    lifelines: Sequence[Lifeline]
    arrows: Sequence[Arrow]
    boxes: Sequence[Box]
    times: Sequence[tuple[float, Step]]
    steps: Sequence[Step]

    @property
    def is_folded(self) -> bool:
        return any(step.repeats for step in self.steps)


def sequence_of(history: History) -> Sequenced:
    """Lays out the history, which holds at least one event."""
    steps = steps_of(history)
    lifelines = _lifelines(steps)
    layout = _Layout(lifelines)
    for step in steps:
        layout.add(step)
    return Sequenced(
        width=max(WIDTH, lifelines[-1].x + lifelines[-1].width / 2),
        height=layout.y + GAP,
        lifelines=lifelines,
        arrows=layout.arrows,
        boxes=layout.boxes,
        times=layout.times,
        steps=steps,
    )


def _lifelines(steps: Sequence[Step]) -> list[Lifeline]:
    """Who sets things off at the left, then the apps in the order in which they appear, the outside at the right."""
    actors = dict.fromkeys(actor_of(step.event) for step in steps if step.is_trigger)
    apps = dict.fromkeys(app for step in steps for app in (step.app, *(step.hearers if not step.delivery else ())))
    outside = [OUTSIDE] if any(step.asks_outside for step in steps) else []
    names = [*actors, *apps, *outside]
    shares = [1 if name in apps else FOREIGN for name in names]
    pitch = min(max((WIDTH - TIMES) / sum(shares), NARROWEST), WIDEST)
    ends = accumulate(pitch * share for share in shares)
    return [
        Lifeline(
            name=name,
            label=fitted(name, pitch * share),
            x=round(TIMES + end - pitch * share / 2, 1),
            width=pitch * share,
            is_app=name in apps,
        )
        for name, share, end in zip(names, shares, ends, strict=True)
    ]


class _Layout:
    """Puts one step beneath another; boxes on different lifelines share a row until something else happens."""

    def __init__(self, lifelines: Sequence[Lifeline]) -> None:
        self.y = TOP
        self.arrows: list[Arrow] = []
        self.boxes: list[Box] = []
        self.times: list[tuple[float, Step]] = []
        self._x = {line.name: line.x for line in lifelines}
        self._pitch = max(line.width for line in lifelines)
        self._right = lifelines[-1].x + lifelines[-1].width / 2
        self._in_row: set[str] = set()
        self._row_at: datetime | None = None

    def add(self, step: Step) -> None:
        if step.delivery:
            self._add_box(step, step.delivery)
        elif step.is_trigger:
            self._add_arrow(step, actor_of(step.event), [step.app], step.event.row.producer)
        else:
            self._add_arrow(step, step.app, step.hearers, event_words(step))

    def _add_arrow(self, step: Step, sender: str, hearers: Sequence[str], words: str) -> None:
        self._row_at = None
        x, to = self._x[sender], [self._x[app] for app in hearers]
        to_the_right = not to or any(other >= x for other in to)
        room = self._right - x if to_the_right else x - TIMES
        label = Label(x=x + 8 if to_the_right else x - 8, y=self.y + 12, text=fitted(words, room - 12), whole=words)
        arrow = Arrow(
            step=step,
            sender=sender,
            hearers=hearers,
            y=self.y + 19,
            x=x,
            to=to,
            label=label,
            anchor="start" if to_the_right else "end",
        )
        self.arrows.append(arrow)
        self.times.append((self.y + 23, step))
        self.y += ARROW + (GAP if arrow.loops else 0)

    def _add_box(self, step: Step, delivery: ToldDelivery) -> None:
        if not self._fits(step):
            self._in_row.clear()
            self._row_at = step.at
            self.times.append((self.y + 16, step))
            self.y += BOX + GAP
        self._in_row |= {step.app, OUTSIDE} if step.asks_outside else {step.app}
        self.boxes.append(self._box(step, delivery, self.y - BOX - GAP))

    def _fits(self, step: Step) -> bool:
        """Whether its box may stand in the row of the last one: at about the same time, and nothing crosses it."""
        if self._row_at is None or step.at - self._row_at > SAME_TIME:
            return False
        return not (step.asks_outside or {step.app, OUTSIDE} & self._in_row)

    def _box(self, step: Step, delivery: ToldDelivery, y: float) -> Box:
        width, x = self._pitch - 8, self._x[step.app]
        name, note = delivery_words(step.event, delivery)
        room = (width - 10) * 1.08  # its letters are smaller
        return Box(
            step=step,
            delivery=delivery,
            y=y,
            x=x,
            width=width,
            height=BOX,
            name=Label(x=x, y=y + 14, text=fitted(name, room), whole=name),
            note=Label(x=x, y=y + 27, text=fitted(note, room * 1.02), whole=note),
            is_thin=delivery.row.state in THIN,
            outside=self._x[OUTSIDE] if step.asks_outside else None,
        )
