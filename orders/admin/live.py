"""The part of an order's page that changes while it is under way: told with the page, and alone to a page that asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response

from orders.admin.marks import status_mark
from orders.admin.page import OrderPage
from orders.models import Order
from outbox.admin import as_of, event_history, is_revealed, since, version_of
from outbox.expectations import look_around


def live(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Returns the part of the page that changes; 304 if it has not, in one statement beside those for the user."""
    if not request.user.has_perms(["orders.view_order", "outbox.view_event"]):
        raise PermissionDenied
    version = _version(request, order_id)
    unchanged = get_conditional_response(request, etag=version)
    if unchanged is not None:
        return _versioned(unchanged, version)
    order = get_object_or_404(Order, pk=order_id)
    context = {"original": order, **_told_now(request, order)}
    return _versioned(render(request, "admin/orders/order/live.html", context), version)


def _version(request: HttpRequest, order_id: UUID) -> str:
    """The version of what this user sees: it changes also when personal fields are revealed, and hidden again."""
    return version_of(order_id, request.user.pk, is_revealed(request, order_id))


def _versioned(response: HttpResponse, version: str) -> HttpResponse:
    response["ETag"] = version
    response["Cache-Control"] = "private, no-cache"
    return response


def told(request: HttpRequest, order: Order) -> dict[str, Any]:
    """Returns what an order's page shows of its history, now or, for `?as_of=`, after the event of that position."""
    if not request.user.has_perm("outbox.view_event"):
        return {"history": None, "page": None, "status": status_mark(order.status), "age": since(order.status_since)}
    wanted = request.GET.get("as_of", "")
    if not wanted:
        # The version first: what happens in between is then new to whoever compares with it.
        return {"version": _version(request, order.pk), **_told_now(request, order)}
    return _told_then(request, order, wanted) or {
        "no_such_event": wanted,
        "version": _version(request, order.pk),
        **_told_now(request, order),
    }


def _told_now(request: HttpRequest, order: Order) -> dict[str, Any]:
    page = OrderPage(order, event_history(order.pk, revealed=is_revealed(request, order.pk)), look_around())
    return {
        **_told(page),
        "age": since(page.status_since),
        "may_refold": request.user.has_perm("orders.change_order"),
    }


def _told_then(request: HttpRequest, order: Order, wanted: str) -> dict[str, Any] | None:
    history = event_history(order.pk, revealed=is_revealed(request, order.pk))
    then = as_of(history, int(wanted)) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 20 else None
    if then is None:
        return None
    here = len(then.events)
    return {
        **_told(OrderPage(order, then, look_around().at(then.now))),
        "as_of": then.events[-1].row,
        "earlier": then.events[-2].row if here > 1 else None,
        "later": history.events[here].row if here < len(history.events) else None,
    }


def _told(page: OrderPage) -> dict[str, Any]:
    return {
        "history": page.history,
        "page": page,
        "expected": page.expected,
        "status": status_mark(page.answer.status),
    }
