"""How the event history writes times, states and payloads."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outbox.admin import links, marks, times

register = template.Library()

register.filter("state_mark", marks.state_mark)
register.filter("in_words", times.in_words)
register.filter("breakable", links.breakable)
register.filter("event_link", links.event_link)
register.filter("event_type_link", links.event_type_link)
register.filter("event_url", links.event_url)
register.filter("order_link", links.order_link)
register.filter("reaction_link", links.reaction_link)


DASH = "–"  # noqa: RUF001  # a dash on purpose
NONE = format_html('<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>', DASH, "none")


@register.filter
def when(moment: datetime) -> SafeString:
    """Returns the moment as a `<time>`: `2025-11-22 14:02:11.123`."""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), times.stamp(moment))


@register.filter
def after(moment: datetime | None, start: datetime) -> SafeString:
    """Returns the moment as the time since `start`: `+12 ms`; a dash for none."""
    if not moment:
        return NONE
    offset = moment - start
    sign = "" if offset < timedelta(0) else "+"
    return format_html('<time datetime="{}">{}{}</time>', moment.isoformat(), sign, times.in_words(offset))


@register.filter
def until(moment: datetime, now: datetime) -> str:
    """Returns how long it is until the moment, in words."""
    return times.in_words(moment - now)


@register.filter
def pretty(payload: object) -> str:
    """Returns JSON as a person reads it."""
    return json.dumps(payload, indent=2, ensure_ascii=False)


@register.filter
def duration(length: timedelta | None) -> SafeString | str:
    """Returns the duration in words; a dash for none."""
    return NONE if length is None else times.in_words(length)


@register.filter
def or_dash(text: str) -> SafeString | str:
    """Returns the text; a dash for none."""
    return text or NONE


@register.filter
def field_names(payload: object) -> str:
    """Returns the names of the payload's fields, for a line that says what is in it."""
    return ", ".join(payload) if isinstance(payload, dict) else ""


@register.filter
def drift_mark(word: str) -> SafeString:
    return marks.mark(word, "!", "bad")
