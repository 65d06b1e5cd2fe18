"""The headers and query parameters that endpoints of orders share, as the OpenAPI document describes them."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter

from api.pagination import PAGE_SIZE_PARAMETER

LARGEST_POSITION = 2**63 - 1

PREFER = OpenApiParameter(
    "Prefer",
    {"type": "string", "example": "wait=20"},
    OpenApiParameter.HEADER,
    description="`wait=N` (RFC 7240): rather wait up to N seconds, at most 20, than be answered at once",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="the order's ETag: do it only if the order is still so"
)
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    {"type": "integer", "minimum": 0, "maximum": LARGEST_POSITION},
    OpenApiParameter.HEADER,
    description="go on after this event",
)
PAGING = [
    OpenApiParameter("cursor", str, description="from the link of a page"),
    PAGE_SIZE_PARAMETER,
]
AFTER = OpenApiParameter(
    "after",
    {"type": "integer", "minimum": 0, "maximum": LARGEST_POSITION, "default": 0},
    description="only what comes after this position",
)
