"""A status as a word with a glyph and a colour, of which the word alone is enough."""

from __future__ import annotations

from django.utils.safestring import SafeString

from orders.models import Status
from outbox.admin import Tone, mark

GLYPHS: dict[str, tuple[str, Tone]] = {
    Status.PLACED: ("○", "busy"),
    Status.RESERVED: ("◔", "busy"),
    Status.PAID: ("◑", "busy"),
    Status.SHIPPED: ("✓", "good"),
    Status.DELIVERED: ("✓", "good"),
    Status.CANCELLING: ("↶", "busy"),
    Status.CANCELLED: ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
    Status.INCONSISTENT: ("✕", "bad"),
}


def status_mark(status: str) -> SafeString:
    glyph, tone = GLYPHS.get(status, ("?", "bad"))
    return mark(status, glyph, tone)
