"""Pages: newest first by cursor, which stays right while rows are added; and numbers in query parameters."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.problems import INVALID_PARAMETER, Problem

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 20
LARGEST_PAGE = 100
PAGE_SIZE_PARAMETER = OpenApiParameter(
    "page_size", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}
)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A place in the list: the row right before it, and whether one reads back towards the newer rows."""

    moment: Annotated[datetime, msgspec.Meta(tz=True)]
    id: UUID
    back: bool

    def encoded(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


class Page(Generic[Row]):
    """One page of rows, newest first, and the addresses of its neighbours."""

    def __init__(self, request: Request, rows: Sequence[Row], next: Cursor | None, previous: Cursor | None) -> None:
        self.rows = rows
        self.next = _address(request, next)
        self.previous = _address(request, previous)

    @property
    def links(self) -> dict[str, str]:
        """The header `Link` (RFC 8288), if there is a neighbour."""
        neighbours = {"next": self.next, "prev": self.previous}
        link = ", ".join(f'<{address}>; rel="{rel}"' for rel, address in neighbours.items() if address)
        return {"Link": link} if link else {}


def page_of(request: Request, rows: QuerySet[Row], *, by: str) -> Page[Row]:
    """Returns the page that the query parameters `cursor` and `page_size` ask for, by the time `by`, then the id.

    Raises:
        Problem: a parameter is wrong.
    """
    size = page_size(request)
    cursor = _cursor_of(request)
    back = cursor is not None and cursor.back
    found = list(_beyond(rows, cursor, by)[: size + 1])
    shown = found[:size][::-1] if back else found[:size]
    newer, older = (len(found) > size, True) if back else (cursor is not None, len(found) > size)
    return Page(
        request,
        shown,
        next=_at(shown[-1], by, back=False) if shown and older else None,
        previous=_at(shown[0], by, back=True) if shown and newer else None,
    )


def page_size(request: Request) -> int:
    """Returns how many rows a page has.

    Raises:
        Problem: the query parameter is wrong.
    """
    return whole_number(request, "page_size", default=PAGE_SIZE, smallest=1, largest=LARGEST_PAGE)


def whole_number(request: Request, name: str, *, default: int, smallest: int, largest: int) -> int:
    """Returns the query parameter `name`.

    Raises:
        Problem: it is not a number from `smallest` to `largest`.
    """
    text = request.query_params.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,19}", text) or not smallest <= int(text) <= largest:
        raise Problem(INVALID_PARAMETER, f"{name} is a whole number from {smallest} to {largest}.")
    return int(text)


def _beyond(rows: QuerySet[Row], cursor: Cursor | None, by: str) -> QuerySet[Row]:
    """The rows behind the cursor, nearest first; a range on `by` alone, so that an index serves it."""
    ordered = rows.order_by(by, "id") if cursor and cursor.back else rows.order_by(f"-{by}", "-id")
    if cursor is None:
        return ordered
    side, at_or_before = ("gte", "lte") if cursor.back else ("lte", "gte")
    within = ordered.filter(**{f"{by}__{side}": cursor.moment})
    return within.exclude(**{by: cursor.moment, f"id__{at_or_before}": cursor.id})


def _at(row: Any, by: str, *, back: bool) -> Cursor:
    return Cursor(getattr(row, by), row.pk, back)


def _cursor_of(request: Request) -> Cursor | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        cursor = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
        return msgspec.structs.replace(cursor, moment=cursor.moment.astimezone(UTC))
    except (ValueError, OverflowError, msgspec.DecodeError):
        raise Problem(INVALID_PARAMETER, "The cursor is none of ours; use the links of a page.") from None


def _address(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    query: QueryDict = request.query_params.copy()
    query["cursor"] = cursor.encoded()
    return f"{request.path}?{query.urlencode()}"
