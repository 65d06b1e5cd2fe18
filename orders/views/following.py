"""What has happened to an order: as its customer is told, or whole; page by page, or as it happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need, granted
from api.conditional import IF_NONE_MATCH, conditional
from api.events import whole
from api.pagination import whole_number
from api.parameters import refuse_others
from api.problems import INVALID_PARAMETER, NOT_ACCEPTABLE, Problem
from api.schema import problems
from api.streaming import EVENT_STREAM, EventStreamRenderer, last_event_id
from orders.serializers import History, told
from orders.views.parameters import AFTER, LARGEST_POSITION, LAST_EVENT_ID
from orders.views.reaching import SEE_ANY, SEE_WHOLE_EVENTS, reached
from orders.views.streaming import STREAMS, stream_of
from outbox.history import history_of
from outbox.models import Event


class OrderEvents(APIView):
    """What has happened to an order."""

    needs = {"GET": Need("events:read")}

    @extend_schema(
        operation_id="list_order_events",
        summary="Follow an order",
        description="Ask again with `after` set to the last position seen; nothing is skipped. Staff, and services "
        "with the scope `events:read`, see everything; customers what they are told.",
        tags=["orders"],
        parameters=[AFTER, IF_NONE_MATCH],
        responses={200: History, 304: None, **problems(INVALID_PARAMETER, 403, 404)},
    )
    def get(self, request: Request, order_id: UUID) -> HttpResponse:
        refuse_others(request, [AFTER])
        after = whole_number(request, "after", default=0, smallest=0, largest=LARGEST_POSITION)
        order = get_object_or_404(reached(request, SEE_WHOLE_EVENTS, SEE_ANY).only("pk"), pk=order_id)
        return conditional(request, _teller(request)(history_of(order.pk, after)))


class OrderStream(APIView):
    """What happens to an order, as it happens."""

    needs = {"GET": Need("events:read")}
    throttles = {"GET": "streams"}
    renderer_classes = (EventStreamRenderer,)

    @extend_schema(
        operation_id="stream_order_events",
        summary="Follow an order as it moves",
        description="Server-sent events: `id` is the position, `event` the name, `data` what the list of events says. "
        "A comment comes every 15 seconds if nothing else does. The stream ends when the order is settled. It needs an "
        "ASGI server; elsewhere the answer is 406, and a long poll (`Prefer: wait=20`) does the same.",
        tags=["orders"],
        parameters=[LAST_EVENT_ID],
        responses={(200, EVENT_STREAM): str, **problems(INVALID_PARAMETER, 403, 404)},
    )
    def get(self, request: Request, order_id: UUID) -> HttpResponseBase:
        order = get_object_or_404(reached(request, SEE_WHOLE_EVENTS, SEE_ANY).only("pk"), pk=order_id)
        after = last_event_id(request)
        if not isinstance(request._request, ASGIRequest):
            raise Problem(NOT_ACCEPTABLE, "This server cannot stream. GET the order with `Prefer: wait=20` instead.")
        seat = STREAMS.taken(str(request.user.pk))
        events = stream_of(order.pk, after, _teller(request), seat)
        return StreamingHttpResponse(
            events, content_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )


def _teller(request: Request) -> Callable[[Sequence[Event]], History]:
    """How the events of an order are told to whoever asks."""
    if granted(request, SEE_WHOLE_EVENTS):
        return lambda events: History(data=whole(events))
    return told
