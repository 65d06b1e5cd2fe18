"""How expectations are written."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outbox.admin import marks
from outbox.expectations import Expectation, Reason, clock, either, roughly

register = template.Library()

register.filter("roughly", roughly)

GLYPHS: dict[Reason, str] = {
    Reason.RUNNING: "▶",
    Reason.TIMER: "◷",
    Reason.JOIN: "⋈",
    Reason.RETRY: "↻",
    Reason.PARKED: "✕",
    Reason.PAUSED: "‖",
}


@register.filter
def reason_mark(one: Expectation) -> SafeString:
    """Returns why something has not happened yet as a mark."""
    tone: marks.Tone = "bad" if one.needs_somebody else "quiet" if one.has_time else "busy"
    return marks.mark(one.reason, GLYPHS.get(one.reason, "!" if one.needs_somebody else "○"), tone)


@register.filter
def answer_of(one: Expectation) -> str:
    """Returns the events with which it may be answered, in words."""
    return either(one.emits) if one.emits else "nothing: it only takes note"


@register.filter
def at_clock(moment: datetime, now: datetime) -> SafeString:
    """Returns the time of day as a `<time>`, with the date if that is another than that of `now`."""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), clock(moment, now))
