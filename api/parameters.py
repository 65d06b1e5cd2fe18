"""Query parameters beyond numbers: words of a list, moments, and texts of a form; each with its description."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

import msgspec
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.bodies import Moment
from api.problems import INVALID_PARAMETER, Problem


def refuse_others(request: Request, known: Iterable[OpenApiParameter]) -> None:
    """Returns if the query has no parameters but these: a misspelt filter must not mean all there is.

    Raises:
        Problem: there is another one.
    """
    if others := request.query_params.keys() - {parameter.name for parameter in known}:
        names = ", ".join(sorted(name[:50] for name in others))
        raise Problem(INVALID_PARAMETER, f"There is no parameter {names}.")


def words(request: Request, name: str, known: Collection[str]) -> list[str]:
    """Returns what the query parameter lists, with commas or by being repeated; nothing if it is missing.

    Raises:
        Problem: a word is not among the known ones.
    """
    listed = [word for text in request.query_params.getlist(name) for word in text.split(",")]
    if not set(listed) <= set(known):
        raise Problem(INVALID_PARAMETER, f"{name} lists one or more of {', '.join(sorted(known))}.")
    return listed


def moment(request: Request, name: str) -> datetime | None:
    """Returns the moment in the query parameter, or None if it is missing.

    Raises:
        Problem: it is no time with an offset, as RFC 3339 has it.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return msgspec.convert(text, Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise Problem(INVALID_PARAMETER, f"{name} is a time such as 2026-01-02T03:04:05Z.") from None


def text_like(request: Request, name: str, pattern: str, example: str) -> str | None:
    """Returns the query parameter, or None if it is missing.

    Raises:
        Problem: it does not match the pattern.
    """
    text = request.query_params.get(name)
    if text is not None and not re.fullmatch(pattern, text):
        raise Problem(INVALID_PARAMETER, f"{name} is like {example}.")
    return text


def list_of(name: str, known: Collection[str], description: str) -> OpenApiParameter:
    """Describes a parameter that `words` reads."""
    schema = {"type": "array", "items": {"type": "string", "enum": list(known)}}
    return OpenApiParameter(name, schema, description=description, style="form", explode=True)


def time_of(name: str, description: str) -> OpenApiParameter:
    """Describes a parameter that `moment` reads."""
    return OpenApiParameter(name, {"type": "string", "format": "date-time"}, description=description)
