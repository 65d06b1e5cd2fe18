"""Times and durations in the words of a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

NBSP = "\u00a0"  # a number stays with its unit; a line may break between two units


def in_words(duration: timedelta) -> str:
    """Returns a duration with its two largest units: `12 ms`, `4.2 s`, `3 min 4 s`, `2 h 5 min`, `2 d 4 h`."""
    seconds = abs(duration.total_seconds())
    sign = "-" if duration < timedelta(0) else ""
    if seconds < 0.9995:
        return f"{sign}{seconds * 1000:.0f}{NBSP}ms"
    if seconds < 59.95:
        return f"{sign}{seconds:.1f}{NBSP}s"
    return sign + _two_units(round(seconds))


def _two_units(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days}{NBSP}d {hours % 24}{NBSP}h"
    if hours:
        return f"{hours}{NBSP}h {minutes % 60}{NBSP}min"
    return f"{minutes}{NBSP}min {seconds % 60}{NBSP}s"


def since(moment: datetime) -> str:
    """Returns how long ago the moment was, in words; `0 ms` for one that is still to come."""
    return in_words(max(timezone.now() - moment, timedelta(0)))


def stamp(moment: datetime) -> str:
    """Returns the moment in the project's time zone to the millisecond: `2025-11-22 14:02:11.123`."""
    return timezone.localtime(moment).isoformat(sep=" ", timespec="milliseconds")[:23]
