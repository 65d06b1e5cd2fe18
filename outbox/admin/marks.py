"""Marks: a state as a word with a glyph and a colour, of which the word alone is enough."""

from __future__ import annotations

from typing import Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from outbox.models import DeliveryState

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


def mark(word: str, glyph: str, tone: Tone) -> SafeString:
    """Returns the word with its glyph, which screen readers leave out."""
    return format_html(
        '<span class="mark mark-{}"><span class="glyph" aria-hidden="true">{}</span> {}</span>', tone, glyph, word
    )


def state_mark(state: str) -> SafeString:
    """Returns a delivery state as a mark."""
    glyph, tone = _states.get(state, ("?", "bad"))
    return mark(state, glyph, tone)
