"""The endpoints of inventory: what is in stock, and correcting it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need, granted
from api.bodies import read_body
from api.conditional import IF_NONE_MATCH, conditional
from api.idempotency import KEY, REFUSED, Answer, once
from api.pagination import PAGE_SIZE_PARAMETER, page_size
from api.parameters import refuse_others, text_like
from api.problems import INVALID_PARAMETER, Problem, ProblemType, problem_type
from api.schema import problems
from inventory import services
from inventory.models import Adjustment, Stock
from inventory.serializers import SKU, AdjustedStock, AdjustStock, StockLevel, StockPage, shown, shown_adjustment
from outbox.causes import current_cause

SEE_NUMBERS = Need("inventory:write", "inventory.view_stock")

NOT_STOCKED = problem_type("not-stocked", 422, "Not stocked", "GET /api/v1/inventory/skus lists what is.")
STALE_COUNT = problem_type(
    "stale-count", 409, "The stock has changed since it was counted", "Count again; the detail says what we have."
)
BELOW_RESERVED = problem_type(
    "below-reserved", 409, "Less than is held for orders", "Cancel some of the orders for which it is held, first."
)
TOO_MUCH = problem_type("too-much-stock", 422, "Nobody has that much", "Check the number.")

COUNTED = OpenApiExample(
    "Two fewer than the books say",
    {"sku": "MUG-BLUE", "delta": -2, "expected_on_hand": 40, "reason": "counted", "note": "Shelf 12."},
    request_only=True,
)
PAGING = [
    OpenApiParameter("cursor", {"type": "string", "pattern": f"^{SKU}$"}, description="from the link of a page"),
    PAGE_SIZE_PARAMETER,
]

REFUSALS: dict[type[services.CannotAdjust], ProblemType] = {
    services.UnknownSku: NOT_STOCKED,
    services.StaleCount: STALE_COUNT,
    services.BelowReserved: BELOW_RESERVED,
    services.TooMuch: TOO_MUCH,
}


class Skus(APIView):
    """The SKUs that are stocked."""

    needs = {"GET": Need("inventory:write")}

    @extend_schema(
        operation_id="list_skus",
        summary="List what is stocked",
        description="Customers see whether there is any; staff and services see the numbers.",
        tags=["inventory"],
        parameters=[*PAGING, IF_NONE_MATCH],
        responses={200: StockPage, 304: None, **problems(INVALID_PARAMETER, 403)},
    )
    def get(self, request: Request) -> HttpResponse:
        refuse_others(request, PAGING)
        size = page_size(request)
        after = text_like(request, "cursor", SKU, "the link of a page")
        stocks = list(Stock.objects.filter(sku__gt=after or "").order_by("sku")[: size + 1])
        to_staff = granted(request, SEE_NUMBERS)
        query = urlencode({"cursor": stocks[size - 1].sku, "page_size": size}) if len(stocks) > size else ""
        following = f"{reverse('skus')}?{query}" if query else None
        data = [shown(stock, to_staff=to_staff) for stock in stocks[:size]]
        links = {"Link": f'<{following}>; rel="next"'} if following else {}
        return conditional(request, StockPage(data=data, next=following), links)


class OneSku(APIView):
    """The stock of one SKU."""

    needs = {"GET": Need("inventory:write")}

    @extend_schema(
        operation_id="get_sku",
        summary="Look at the stock of a SKU",
        tags=["inventory"],
        parameters=[IF_NONE_MATCH],
        responses={200: StockLevel, 304: None, **problems(403, 404)},
    )
    def get(self, request: Request, sku: str) -> HttpResponse:
        stock = get_object_or_404(Stock, sku=sku)
        return conditional(request, shown(stock, to_staff=granted(request, SEE_NUMBERS)))


class Adjustments(APIView):
    """Corrections of the stock."""

    needs = {"POST": Need("inventory:write", "inventory.add_adjustment")}

    @extend_schema(
        operation_id="adjust_stock",
        summary="Correct what is on hand",
        description="Compare and set: it is refused if not `expected_on_hand` units are on hand any more.",
        tags=["inventory"],
        parameters=[KEY],
        request=AdjustStock,
        examples=[COUNTED],
        responses={201: AdjustedStock, **problems(*REFUSED, *REFUSALS.values())},
    )
    def post(self, request: Request) -> HttpResponse:
        wanted = read_body(request, AdjustStock)
        return once(request, lambda: _adjust(wanted))


def _adjust(wanted: AdjustStock) -> Answer:
    try:
        made = services.adjust_stock(
            sku=wanted.sku,
            delta=wanted.delta,
            expected_on_hand=wanted.expected_on_hand,
            reason=Adjustment.Reason(wanted.reason),
            note=wanted.note,
            actor=current_cause().actor,
        )
    except services.CannotAdjust as refused:
        raise Problem(REFUSALS[type(refused)], str(refused)) from refused
    return Answer(status=201, body=shown_adjustment(made), headers={"Location": reverse("sku", args=[made.sku])})
