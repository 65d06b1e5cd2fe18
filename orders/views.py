"""The endpoints of orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.bodies import pointer, read_body
from api.idempotency import Answer, once
from api.pagination import LARGEST_PAGE, PAGE_SIZE, page_of, whole_number
from api.problems import INVALID_BODY, Fault, Problem, ProblemType, problem_type
from api.schema import problems
from orders import services
from orders.models import CancellationRequest, Order
from orders.serializers import (
    CancellationState,
    CancelOrder,
    History,
    OrderPage,
    PlacedOrder,
    PlaceOrder,
    address_of,
    cancellation_of,
    shown,
    shown_cancellation,
    told,
)
from outbox.history import history_of

UNKNOWN_SKU = problem_type(
    "unknown-sku", 422, "Not on the price list", "Each entry of `errors` points to a SKU that does not exist."
)
INACTIVE_SKU = problem_type(
    "inactive-sku", 422, "Not sold any more", "Take the lines that `errors` points to out of the order."
)
CURRENCY_MISMATCH = problem_type(
    "currency-mismatch", 422, "An order has one currency", "Place one order for each currency."
)
NOT_CANCELLABLE = problem_type(
    "not-cancellable", 409, "Too late to cancel", "The order is on its way; send it back when it has arrived."
)
TOTAL_TOO_LARGE = problem_type("total-too-large", 422, "The total is too large", "Divide the order.")

REFUSALS: dict[type[services.CannotPlace], ProblemType] = {
    services.InvalidLines: INVALID_BODY,
    services.UnknownSku: UNKNOWN_SKU,
    services.InactiveSku: INACTIVE_SKU,
    services.MixedCurrencies: CURRENCY_MISMATCH,
    services.TotalTooLarge: TOTAL_TOO_LARGE,
}

LARGEST_POSITION = 2**63 - 1

KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="a new UUID for each order"
)
PAGING = [
    OpenApiParameter("cursor", str, description="from the link of a page"),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}),
]
AFTER = OpenApiParameter(
    "after", {"type": "integer", "minimum": 0, "default": 0}, description="only what comes after this position"
)


class Orders(APIView):
    """A customer's orders."""

    @extend_schema(
        operation_id="list_orders",
        summary="List your orders, newest first",
        tags=["orders"],
        parameters=PAGING,
        responses={200: OrderPage, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        page = page_of(request, _own_orders(request).prefetch_related("lines"), by="placed_at")
        body = OrderPage(data=[shown(order) for order in page.rows], next=page.next, previous=page.previous)
        return Response(body, headers=page.links)

    @extend_schema(
        operation_id="place_order",
        summary="Place an order",
        description="The order exists once this is answered; stock, payment and shipment follow by themselves.",
        tags=["orders"],
        parameters=[KEY],
        request=PlaceOrder,
        responses={201: PlacedOrder, **problems(400, 409, 413, 415, 422)},
    )
    def post(self, request: Request) -> HttpResponse:
        wanted = read_body(request, PlaceOrder)
        if repeated := [sku for sku, lines in Counter(line.sku for line in wanted.lines).items() if lines > 1]:
            raise Problem(INVALID_BODY, errors=_faults(wanted, repeated, "duplicate-sku", "Put each SKU on one line."))
        return once(request, lambda: _place(cast(User, request.user), wanted))


class OneOrder(APIView):
    """One of a customer's orders."""

    @extend_schema(
        operation_id="get_order",
        summary="Look at an order",
        tags=["orders"],
        responses={200: PlacedOrder, **problems(404)},
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(shown(get_object_or_404(_own_orders(request), pk=order_id)))


class Cancellation(APIView):
    """The cancellation of one of a customer's orders."""

    @extend_schema(
        operation_id="cancel_order",
        summary="Ask for an order to be cancelled",
        description="Whether it is too late is decided soon; look at the cancellation. Asking again changes nothing.",
        tags=["orders"],
        parameters=[KEY],
        request=CancelOrder,
        responses={200: CancellationState, 202: CancellationState, **problems(400, 404, 409, 413, 415, 422)},
    )
    def post(self, request: Request, order_id: UUID) -> HttpResponse:
        wanted = read_body(request, CancelOrder)
        order = get_object_or_404(_own_orders(request).only("pk"), pk=order_id)
        return once(request, lambda: _cancel(order.pk, wanted))

    @extend_schema(
        operation_id="get_cancellation",
        summary="Look at a cancellation",
        description="It is settled when stock, payment and shipment are closed, each by the event that is named.",
        tags=["orders"],
        responses={200: CancellationState, **problems(404)},
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        order = get_object_or_404(_own_orders(request).select_related("cancellation_request"), pk=order_id)
        wanted = getattr(order, "cancellation_request", None)
        if wanted is None and order.cancelled_at is None:
            raise Http404
        return Response(shown_cancellation(order, wanted))


class OrderEvents(APIView):
    """What has happened to one of a customer's orders."""

    @extend_schema(
        operation_id="list_order_events",
        summary="Follow an order",
        description="Ask again with `after` set to the last position seen; nothing is skipped.",
        tags=["orders"],
        parameters=[AFTER],
        responses={200: History, **problems(400, 404)},
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        after = whole_number(request, "after", default=0, smallest=0, largest=LARGEST_POSITION)
        order = get_object_or_404(_own_orders(request).only("pk"), pk=order_id)
        return Response(told(history_of(order.pk, after)))


def _own_orders(request: Request) -> QuerySet[Order]:
    return Order.objects.filter(customer=cast(User, request.user))


def _place(customer: User, wanted: PlaceOrder) -> Answer:
    try:
        order = services.place_order(
            customer=customer,
            lines=[(line.sku, line.quantity) for line in wanted.lines],
            payment_method=wanted.payment_method,
            ship_to=wanted.ship_to.as_address(),
        )
    except (services.UnknownSku, services.InactiveSku) as refused:
        kind = REFUSALS[type(refused)]
        faults = _faults(wanted, refused.skus, kind.code, f"{kind.title}.")
        raise Problem(kind, str(refused), errors=faults) from refused
    except services.CannotPlace as refused:
        raise Problem(REFUSALS[type(refused)], str(refused)) from refused
    return Answer(status=201, body=shown(order), headers={"Location": address_of(order)})


def _cancel(order_id: UUID, wanted: CancelOrder) -> Answer:
    try:
        order = services.request_cancellation(
            order_id=order_id, requested_by="customer", reason=wanted.reason, note=wanted.note
        )
    except services.NotCancellable as refused:
        raise Problem(NOT_CANCELLABLE, str(refused)) from refused
    shown = shown_cancellation(order, CancellationRequest.objects.filter(order=order).first())
    status = 200 if shown.state == "settled" else 202
    return Answer(status=status, body=shown, headers={"Location": cancellation_of(order)})


def _faults(wanted: PlaceOrder, skus: Collection[str], code: str, detail: str) -> list[Fault]:
    return [
        Fault(pointer("lines", index, "sku"), code, detail)
        for index, line in enumerate(wanted.lines)
        if line.sku in skus
    ]
