"""An order's case as files for whoever looks into it elsewhere: without payloads, which hold personal data."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from orders.admin.page import OrderPage
from orders.models import Order
from orders.serializers import answer_as_json
from outbox.admin import case_as_json, case_as_mermaid, event_history
from outbox.expectations import look_around


def export_case(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Returns the answer, the events and the deliveries with their failed attempts as JSON."""
    page = _page(request, order_id)
    case = {"asked_at": page.history.now, **answer_as_json(page.answer), "events": case_as_json(page.history)}
    return _as_file(JsonResponse(case, json_dumps_params={"indent": 2}), page.order, "json")


def export_diagram(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Returns the sequence of the events as a Mermaid diagram."""
    page = _page(request, order_id)
    return _as_file(HttpResponse(case_as_mermaid(page.history), "text/plain; charset=utf-8"), page.order, "mmd")


def _page(request: HttpRequest, order_id: UUID) -> OrderPage:
    if not request.user.has_perms(["orders.view_order", "outbox.view_event"]):
        raise PermissionDenied
    order = get_object_or_404(Order, pk=order_id)
    return OrderPage(order, event_history(order.pk), look_around())


def _as_file(response: HttpResponse, order: Order, ending: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{order.number}.{ending}"'
    return response
