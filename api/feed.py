"""The feed: every event, for services that fetch what they may have missed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need
from api.conditional import IF_NONE_MATCH, conditional
from api.events import EventEntry, whole
from api.examples import exemplify
from api.pagination import whole_number
from api.parameters import list_of, refuse_others, text_like, words
from api.problems import INVALID_PARAMETER
from api.schema import problems
from outbox.events import published_events
from outbox.history import feed, history_of
from outbox.models import Event

LARGEST_POSITION = 2**63 - 1
LARGEST_LIMIT = 1000
AN_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

PARAMETERS = [
    OpenApiParameter("after", {"type": "integer", "minimum": 0, "maximum": LARGEST_POSITION, "default": 0}),
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": 100}),
    list_of("types", sorted(published_events()), "only events of these names, such as orders.OrderPlaced"),
    OpenApiParameter("order_id", {"type": "string", "format": "uuid"}, description="only of this order"),
]


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some events, oldest first, and where to go on: at once if there is more, else after a while."""

    data: Sequence[EventEntry]
    next: str
    has_more: bool


_HAPPENED = {
    "position": 4711,
    "name": "inventory.StockReleased",
    "order_id": "01a213a1-ef71-71ba-9577-5edad64fd9e7",
    "occurred_at": "2026-01-02T03:04:09.200001Z",
    "payload": {"reservation_id": None, "lines": []},
    "envelope": {
        "id": "01a213a1-f111-71ba-9577-5edad64fd9e7",
        "version": 1,
        "cause_kind": "event",
        "cause_id": "01a213a1-f000-71ba-9577-5edad64fd9e7",
        "producer": "inventory.release_stock",
        "actor": "",
        "traceparent": "",
        "deliveries": [
            {
                "reaction": "orders.track_progress",
                "state": "done",
                "attempts": 0,
                "outcome": "",
                "done_at": "2026-01-02T03:04:09.300001Z",
            }
        ],
    },
}
exemplify(FeedPage, {"data": [_HAPPENED], "next": "/api/v1/events?after=4711", "has_more": False})


class Feed(APIView):
    """Every event."""

    needs = {"GET": Need("events:read", "outbox.view_event")}

    @extend_schema(
        operation_id="list_events",
        summary="Read all events",
        description="Go on with `next`: nothing is skipped. So many positions are looked through for one page, so with "
        "`types` a page may hold few events, or none, although there is more.",
        tags=["events"],
        parameters=[*PARAMETERS, IF_NONE_MATCH],
        responses={200: FeedPage, 304: None, **problems(INVALID_PARAMETER, 403)},
    )
    def get(self, request: Request) -> HttpResponse:
        refuse_others(request, PARAMETERS)
        after = whole_number(request, "after", default=0, smallest=0, largest=LARGEST_POSITION)
        limit = whole_number(request, "limit", default=100, smallest=1, largest=LARGEST_LIMIT)
        names = words(request, "types", published_events().keys())
        order_id = text_like(request, "order_id", AN_ID, "01a205a2-74bf-7589-8f00-d4d5ca34809a")
        events = history_of(UUID(order_id), after, limit) if order_id else feed(after, limit)
        wanted = [event for event in events if not names or event.name in names]
        body = FeedPage(data=whole(wanted), next=_next(request, events, after), has_more=len(events) == limit)
        return conditional(request, body)


def _next(request: Request, events: Sequence[Event], after: int) -> str:
    query = request.query_params.copy()
    query["after"] = str(events[-1].position if events else after)
    return f"{reverse('feed')}?{urlencode(list(query.lists()), doseq=True)}"
