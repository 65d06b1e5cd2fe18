"""How times, names and expectations are put into plain words. No markup: pages, terminal and API write the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from outbox.expectations.expectation import Expectation

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def clock(moment: datetime, now: datetime) -> str:
    """Returns the time of day, `14:02:11`, with the date if that is not today's."""
    local = timezone.localtime(moment)
    today = local.date() == timezone.localtime(now).date()
    return local.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def roughly(duration: timedelta) -> str:
    """Returns a duration as one says it: `40 ms`, `3 s`, `4.2 s`, `42 s`, `2 min 5 s`, `3 h 0 min`."""
    seconds = max(duration.total_seconds(), 0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    seconds = round(seconds)
    largest = next(index for index, (size, _) in enumerate(UNITS) if seconds >= size)
    parts = []
    for size, unit in UNITS[largest : largest + 2]:
        count, seconds = divmod(seconds, size)
        parts.append(f"{count} {unit}")
    return " ".join(parts)


def at_most(text: str, length: int) -> str:
    """Returns the text on one line, without what is beyond the length, and what cannot be seen or turns text round."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def short(name: str) -> str:
    """Returns an event's name without its app."""
    return name.rpartition(".")[2]


def either(names: Iterable[str]) -> str:
    """Returns the events' names, without their apps, as a choice: `A`, `A or B`, `A, B or C`."""
    *others, last = (short(name) for name in names)
    return f"{', '.join(others)} or {last}" if others else last


def last_sign(moment: datetime | None, now: datetime) -> str:
    """Returns when somebody who is silent was last heard of."""
    return f"the last sign of life came at {clock(moment, now)}" if moment else "there has been no sign of life"


def sentence(one: Expectation) -> str:
    """Returns who owes what, since when, whether that is usual, why it does not go on, and what comes then."""
    then = f" Then {either(one.emits)}." if one.emits and not one.is_silent else ""
    if one.has_time or one.is_silent:
        return f"{one.why}{then}"
    return (
        f"Waiting for {one.app} since {clock(one.since, one.now)} ({_for_how_long(one)}) {_what(one)}. {one.why}{then}"
    )


def _what(one: Expectation) -> str:
    return f"to answer {one.event.name}" if one.emits else f"to take note of {one.event.name}"


def _for_how_long(one: Expectation) -> str:
    usual = [f"normally {roughly(one.usual)}"] if one.usual is not None else []
    overdue = [f"overdue by {roughly(one.overdue)}"] if one.overdue else []
    return ", ".join([roughly(one.waited), *usual, *overdue])
