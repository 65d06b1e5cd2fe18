"""Which orders a list is of: what the query parameters may say, and the rows that they choose.

The facets are folds of the events an order has seen, so they are asked for in the same terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.pagination import whole_number
from api.parameters import list_of, moment, text_like, time_of, words
from orders.models import Order, OrderLine, Status
from orders.services import orders_owed_parts
from orders.status import (
    LATE,
    PATIENCE_WITH_BOOKS,
    PAYMENT,
    REFUND_FAILED,
    REFUNDED,
    SHIPMENT,
    STOCK,
    Facet,
    values_of,
)

FACETS = {"stock_status": STOCK, "payment_status": PAYMENT, "shipment_status": SHIPMENT}
ATTENTION = ("inconsistent", "money_owed", "late_money", "book_open")
LARGEST_ID = 2**31 - 1

SKU = r"[A-Z0-9][A-Z0-9._-]{0,63}"
NUMBER = r"ORD-[0-9]{4}-[0-9]{6,10}"


FILTERS = [
    list_of("status", Status.values, "orders with one of these; may be repeated, or listed with commas"),
    *(list_of(name, values_of(facet), "the same of this facet") for name, facet in FACETS.items()),
    time_of("placed_after", "at this moment or later"),
    time_of("placed_before", "before this moment"),
    OpenApiParameter("sku", {"type": "string", "pattern": f"^{SKU}$"}, description="orders with a line of this SKU"),
    OpenApiParameter("number", {"type": "string", "pattern": f"^{NUMBER}$"}, description="the order of this number"),
    list_of("attention", ATTENTION, "staff and services: orders that somebody has to look after, for these reasons"),
    OpenApiParameter(
        "customer",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
        description="staff and services: orders of the customer with this id",
    ),
]


def chosen(request: Request, orders: QuerySet[Order], *, by_staff: bool) -> QuerySet[Order]:
    """Returns those of the orders that the query parameters choose.

    Raises:
        Problem: a parameter is wrong.
        PermissionDenied: it is for staff.
    """
    orders = _placed_between(request, orders)
    if statuses := words(request, "status", Status.values):
        orders = orders.filter(status__in=statuses)
    for name, facet in FACETS.items():
        if values := words(request, name, values_of(facet)):
            orders = orders.filter(_any(shows(facet, value) for value in set(values)))
    if sku := text_like(request, "sku", SKU, "MUG-BLUE"):
        orders = orders.filter(Exists(OrderLine.objects.filter(order=OuterRef("pk"), sku=sku)))
    if number := text_like(request, "number", NUMBER, "ORD-2026-000123"):
        orders = orders.filter(number=number)
    return _chosen_by_staff(request, orders, by_staff=by_staff)


def _placed_between(request: Request, orders: QuerySet[Order]) -> QuerySet[Order]:
    if after := moment(request, "placed_after"):
        orders = orders.filter(placed_at__gte=after)
    if before := moment(request, "placed_before"):
        orders = orders.filter(placed_at__lt=before)
    return orders


def _chosen_by_staff(request: Request, orders: QuerySet[Order], *, by_staff: bool) -> QuerySet[Order]:
    if not by_staff and {"attention", "customer"} & request.query_params.keys():
        raise PermissionDenied
    if reasons := words(request, "attention", ATTENTION):
        orders = orders.filter(_any(needs_attention(reason) for reason in set(reasons)))
    if "customer" in request.query_params:
        customer = whole_number(request, "customer", default=1, smallest=1, largest=LARGEST_ID)
        orders = orders.filter(customer=customer)
    return orders


def shows(facet: Facet, value: str) -> Q:
    """What `orders.status` folds: the first row of the table whose event was seen."""
    if value == "none":
        return ~_any(_seen(event) for event, _ in facet)
    return _any(
        _seen(event) & ~_any(_seen(earlier) for earlier, _ in facet[:row])
        for row, (event, shown) in enumerate(facet)
        if shown == value
    )


def needs_attention(reason: str) -> Q:
    """What `orders.status.attention_of` says, for the database."""
    refunded, failed = _seen(REFUNDED), _seen(REFUND_FAILED)
    return {
        "inconsistent": Q(status=Status.INCONSISTENT),
        "money_owed": (failed & ~refunded) | Q(pk__in=orders_owed_parts()),
        "late_money": _seen(LATE) & ~refunded & ~failed,
        "book_open": Q(status=Status.CANCELLING, status_since__lt=now() - PATIENCE_WITH_BOOKS),
    }[reason]


def _seen(event: str) -> Q:
    return Q(seen__contains=[event])


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=[]))
