"""What drawing the choreography map needs."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from outbox.admin import marks
from outbox.diagrams.findings import Finding
from outbox.diagrams.rails import FOOT

register = template.Library()


@register.filter
def comma_separated(words: str) -> list[str]:
    return words.split(",")


@register.filter
def figure_row(foot: float, number: int) -> float:
    """Returns where the text of a row of figures stands below the map."""
    return round(foot + FOOT * number - 2, 1)


@register.filter
def finding_mark(finding: Finding) -> SafeString:
    return marks.mark(finding.word, finding.glyph, finding.tone)
