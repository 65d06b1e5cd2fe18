"""Placing orders, and looking at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import cast
from uuid import UUID

import msgspec
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need, granted
from api.bodies import pointer, read_body
from api.conditional import IF_NONE_MATCH, conditional, etag_of, known
from api.idempotency import KEY, REFUSED, Answer, once
from api.pagination import page_of
from api.parameters import refuse_others
from api.preferences import preferred_wait, responds_async
from api.problems import INVALID_BODY, INVALID_PARAMETER, Fault, Problem, ProblemType, problem_type
from api.schema import problems
from orders import services
from orders.models import Order
from orders.serializers import (
    FILTERS,
    OrderInDetail,
    OrderPage,
    PlacedOrder,
    PlaceOrder,
    address_of,
    chosen,
    shown,
    shown_in_detail,
)
from orders.status import SETTLED
from orders.views.examples import PLACING
from orders.views.parameters import PAGING, PREFER
from orders.views.reaching import SEE_ANY, reached
from orders.views.watching import changes, decided

UNKNOWN_SKU = problem_type(
    "unknown-sku", 422, "Not on the price list", "Each entry of `errors` points to a SKU that does not exist."
)
INACTIVE_SKU = problem_type(
    "inactive-sku", 422, "Not sold any more", "Take the lines that `errors` points to out of the order."
)
CURRENCY_MISMATCH = problem_type(
    "currency-mismatch", 422, "An order has one currency", "Place one order for each currency."
)
TOTAL_TOO_LARGE = problem_type("total-too-large", 422, "The total is too large", "Divide the order.")

REFUSALS: dict[type[services.CannotPlace], ProblemType] = {
    services.InvalidLines: INVALID_BODY,
    services.UnknownSku: UNKNOWN_SKU,
    services.InactiveSku: INACTIVE_SKU,
    services.MixedCurrencies: CURRENCY_MISMATCH,
    services.TotalTooLarge: TOTAL_TOO_LARGE,
}


class Orders(APIView):
    """A customer's orders; for staff and services, everybody's."""

    needs = {"GET": Need("orders:read"), "POST": Need("orders:write")}
    throttles = {"POST": "place"}

    @extend_schema(
        operation_id="list_orders",
        summary="List your orders, newest first",
        tags=["orders"],
        parameters=[*PAGING, *FILTERS, IF_NONE_MATCH],
        responses={200: OrderPage, 304: None, **problems(INVALID_PARAMETER, 403)},
    )
    def get(self, request: Request) -> HttpResponse:
        refuse_others(request, [*PAGING, *FILTERS])
        by_staff = granted(request, SEE_ANY)
        orders = chosen(request, reached(request, SEE_ANY), by_staff=by_staff)
        page = page_of(request, orders.prefetch_related("lines"), by="placed_at")
        data = [shown(order, to_staff=by_staff) for order in page.rows]
        return conditional(request, OrderPage(data=data, next=page.next, previous=page.previous), page.links)

    @extend_schema(
        operation_id="place_order",
        summary="Place an order",
        description="The order exists once this is answered; stock, payment and shipment follow by themselves. With "
        "`Prefer: respond-async, wait=10` the answer waits until it is paid or cancelled, if that takes no longer.",
        tags=["orders"],
        parameters=[KEY, PREFER],
        request=PlaceOrder,
        examples=[PLACING],
        responses={201: PlacedOrder, **problems(*REFUSED, *REFUSALS.values())},
    )
    def post(self, request: Request) -> HttpResponse:
        wanted = read_body(request, PlaceOrder)
        if repeated := [sku for sku, lines in Counter(line.sku for line in wanted.lines).items() if lines > 1]:
            raise Problem(INVALID_BODY, errors=_faults(wanted, repeated, "duplicate-sku", "Put each SKU on one line."))
        response = once(request, lambda: _place(cast(User, request.user), wanted))
        return _later(request, response)


class OneOrder(APIView):
    """One order."""

    needs = {"GET": Need("orders:read")}

    @extend_schema(
        operation_id="get_order",
        summary="Look at an order",
        description="With the ETag that you have in `If-None-Match`, and `Prefer: wait=20`, the answer comes when "
        "something has changed, or is 304 when the time is over.",
        tags=["orders"],
        parameters=[IF_NONE_MATCH, PREFER],
        responses={200: OrderInDetail, 304: None, **problems(403, 404)},
    )
    def get(self, request: Request, order_id: UUID) -> HttpResponse:
        to_staff = granted(request, SEE_ANY)
        orders = reached(request, SEE_ANY)
        order = get_object_or_404(orders, pk=order_id)
        body, headers = shown(order, to_staff=to_staff), {}
        if (seconds := preferred_wait(request)) and known(request, etag_of(body)) and changes(order, seconds):
            order = get_object_or_404(orders, pk=order_id)
            body, headers = shown(order, to_staff=to_staff), {"Preference-Applied": f"wait={seconds}"}
        if order.status not in SETTLED:
            headers["Retry-After"] = "1"
        version = etag_of(body)  # of the order itself: what is still to come changes with the time
        if not known(request, version):
            body = shown_in_detail(body, services.explain(order, with_usual=False))
        return conditional(request, body, headers, etag=version)


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
    body = shown(order)
    headers = {"Location": address_of(order), "ETag": etag_of(body), "Retry-After": "1"}
    return Answer(status=201, body=body, headers=headers)


def _later(request: Request, placed: HttpResponse) -> HttpResponse:
    """The answer to a new order once it is decided, if the client would rather wait and that does not take long."""
    seconds = preferred_wait(request)
    if not seconds or not responds_async(request) or "Idempotent-Replayed" in placed:
        return placed
    order_id = msgspec.json.decode(placed.content, type=_Placed).id
    if not decided(order_id, seconds):
        return placed
    body = shown(_own(request).get(pk=order_id))
    placed.content = msgspec.json.encode(body)
    placed["ETag"] = etag_of(body)
    placed["Preference-Applied"] = f"respond-async, wait={seconds}"
    return placed


class _Placed(msgspec.Struct):
    id: UUID


def _own(request: Request) -> QuerySet[Order]:
    return Order.objects.filter(customer=cast(User, request.user))


def _faults(wanted: PlaceOrder, skus: Collection[str], code: str, detail: str) -> list[Fault]:
    return [
        Fault(pointer("lines", index, "sku"), code, detail)
        for index, line in enumerate(wanted.lines)
        if line.sku in skus
    ]
