"""Marks: a state as a word with a glyph and a colour, of which the word alone is enough."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from outbox.models import DeliveryState
from outbox.operations.models import ItemOutcome

Tone = Literal["good", "busy", "quiet", "bad"]

_states: dict[str, tuple[str, Tone]] = {
    DeliveryState.WAITING: ("○", "busy"),
    DeliveryState.DISPATCHED: ("▶", "busy"),
    DeliveryState.DONE: ("✓", "good"),
    DeliveryState.IGNORED: ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
    DeliveryState.PARKED: ("✕", "bad"),
    DeliveryState.SKIPPED: ("»", "quiet"),
    DeliveryState.ORPHANED: ("∅", "bad"),
}

_outcomes: dict[str, tuple[str, Tone]] = {
    ItemOutcome.PLANNED: ("○", "busy"),
    ItemOutcome.RELEASED: ("▶", "busy"),
    ItemOutcome.SUCCEEDED: ("✓", "good"),
    ItemOutcome.NOTHING_TO_DO: ("–", "good"),  # noqa: RUF001  # a dash on purpose
    ItemOutcome.FAILED_AGAIN: ("✕", "bad"),
    ItemOutcome.IN_DOUBT: ("?", "bad"),
    ItemOutcome.SKIPPED: ("»", "quiet"),
    ItemOutcome.PARKED: ("‖", "quiet"),
    ItemOutcome.STOPPED: ("■", "quiet"),
}
UNKNOWN: tuple[str, Tone] = ("?", "bad")


@lru_cache(maxsize=1_000)
def mark(word: str, glyph: str, tone: Tone) -> SafeString:
    """Returns the word with its glyph, which screen readers leave out."""
    return format_html(
        '<span class="mark mark-{}"><span class="glyph" aria-hidden="true">{}</span> {}</span>', tone, glyph, word
    )


def glyph_of(state: str) -> str:
    """Returns the glyph of a delivery state, for where there is no markup."""
    return _states.get(state, UNKNOWN)[0]


def state_mark(state: str) -> SafeString:
    """Returns a delivery state as a mark."""
    glyph, tone = _states.get(state, UNKNOWN)
    return mark(state, glyph, tone)


def outcome_mark(outcome: str) -> SafeString:
    """Returns what became of a delivery of an operation as a mark."""
    glyph, tone = _outcomes.get(outcome, ("=", "quiet"))
    return mark(ItemOutcome(outcome).label.lower(), glyph, tone)
