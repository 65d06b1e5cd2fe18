"""The layouts as template tags, and the little arithmetic that drawing them needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django import template

from outbox.admin import times
from outbox.admin.history import History
from outbox.diagrams.causality import Node, causality_of
from outbox.diagrams.phases import Kind, Life
from outbox.diagrams.sequence import Sequenced, sequence_of
from outbox.diagrams.shapes import Segment, Waterfall
from outbox.diagrams.steps import rows_of
from outbox.diagrams.waterfall import waterfall_of

register = template.Library()

register.filter("stamp", times.stamp)
register.filter("told", rows_of)


@register.simple_tag
def waterfall(history: History, expected: Any = None) -> Waterfall:
    """Lays out the waterfall of a history; `expected` may be missing in the context."""
    return waterfall_of(history, expected or ())


@register.simple_tag
def sequence(history: History) -> Sequenced:
    return sequence_of(history)


@register.simple_tag
def causality(history: History) -> list[Node]:
    return causality_of(history)


@register.filter
def lengths(life: Life, kinds: Iterable[Kind]) -> Iterator[timedelta | None]:
    """Returns how long the delivery was in each kind of phase."""
    return (life.spent(kind) for kind in kinds)


@register.filter
def sample(kind: str) -> str:
    """Returns the path of a phase as the legend shows it."""
    return Segment(kind=kind, x=1, y=6, width=26).path


@register.filter
def offset(moment: datetime, start: datetime) -> str:
    """Returns the moment as the time since `start`: `+12 ms`."""
    return f"{'' if moment < start else '+'}{times.in_words(moment - start)}"


@register.filter
def add_up(number: float, other: float) -> float:
    """Returns the sum, to a tenth."""
    return round(number + other, 1)


@register.filter
def rounded(number: float) -> float:
    return round(number, 1)
