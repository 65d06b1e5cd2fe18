"""Asking for an order to be cancelled, and what has become of it."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need, granted
from api.bodies import read_body
from api.conditional import IF_NONE_MATCH, PRECONDITION_FAILED, conditional, require_match
from api.idempotency import KEY, REFUSED, Answer, once
from api.problems import Problem, problem_type
from api.schema import problems
from orders import services
from orders.events import RequestedBy
from orders.models import CancellationRequest
from orders.serializers import CancellationState, CancelOrder, cancellation_of, shown, shown_cancellation
from orders.views.examples import CANCELLING
from orders.views.parameters import IF_MATCH
from orders.views.reaching import CANCEL_ANY, SEE_ANY, reached

NOT_CANCELLABLE = problem_type(
    "not-cancellable", 409, "Too late to cancel", "The order is on its way; send it back when it has arrived."
)


class Cancellation(APIView):
    """The cancellation of an order."""

    needs = {"GET": Need("orders:read"), "POST": Need("orders:write")}
    throttles = {"POST": "cancel"}

    @extend_schema(
        operation_id="cancel_order",
        summary="Ask for an order to be cancelled",
        description="Whether it is too late is decided soon; look at the cancellation. Asking again changes nothing.",
        tags=["orders"],
        parameters=[KEY, IF_MATCH],
        request=CancelOrder,
        examples=[CANCELLING],
        responses={
            200: CancellationState,
            202: CancellationState,
            **problems(*REFUSED, 404, NOT_CANCELLABLE, PRECONDITION_FAILED),
        },
    )
    def post(self, request: Request, order_id: UUID) -> HttpResponse:
        wanted = read_body(request, CancelOrder)
        order = get_object_or_404(reached(request, SEE_ANY, CANCEL_ANY).only("pk", "customer_id"), pk=order_id)
        is_own = order.customer_id == cast(User, request.user).pk
        if not is_own and not granted(request, CANCEL_ANY):
            raise PermissionDenied
        return once(request, lambda: _cancel(request, order_id, wanted, "customer" if is_own else "staff"))

    @extend_schema(
        operation_id="get_cancellation",
        summary="Look at a cancellation",
        description="It is settled when stock, payment and shipment are closed, each by the event that is named.",
        tags=["orders"],
        parameters=[IF_NONE_MATCH],
        responses={200: CancellationState, 304: None, **problems(403, 404)},
    )
    def get(self, request: Request, order_id: UUID) -> HttpResponse:
        order = get_object_or_404(reached(request, SEE_ANY).select_related("cancellation_request"), pk=order_id)
        wanted = getattr(order, "cancellation_request", None)
        if wanted is None and order.cancelled_at is None:
            raise Http404
        return conditional(request, shown_cancellation(order, wanted))


def _cancel(request: Request, order_id: UUID, wanted: CancelOrder, requested_by: RequestedBy) -> Answer:
    order = services.lock_order(order_id=order_id)
    require_match(request, shown(order, to_staff=granted(request, SEE_ANY)))
    try:
        order = services.request_cancellation(
            order_id=order_id, requested_by=requested_by, reason=wanted.reason, note=wanted.note
        )
    except services.NotCancellable as refused:
        raise Problem(NOT_CANCELLABLE, str(refused)) from refused
    state = shown_cancellation(order, CancellationRequest.objects.filter(order=order).first())
    status = 200 if state.state == "settled" else 202
    return Answer(status=status, body=state, headers={"Location": cancellation_of(order)})
