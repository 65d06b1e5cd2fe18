"""Deliveries: the list that an operator filters, and the page of one with the runs that failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from outbox.admin.history import delivery_in_history
from outbox.admin.links import event_link, order_link, order_url, reaction_link
from outbox.admin.marks import state_mark
from outbox.admin.operating import PERMISSIONS, operate
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import stamp
from outbox.admin.tools import Tool, tool
from outbox.models import Delivery, OperationItem
from outbox.operations.models import Kind
from outbox.operations.requesting import MOST


def search_deliveries(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Returns the deliveries that a person means by the term: an order's id, a delivery's number, or a reaction."""
    try:
        return queryset.filter(event__order_id=UUID(term))
    except ValueError:
        return queryset.filter(pk=term) if term.isdecimal() else queryset.filter(reaction=term)


def tools_of(request: HttpRequest, delivery: Delivery) -> list[Tool]:
    """Returns what can be done about a delivery in its state."""
    again = Kind.RELEASE if delivery.state == "parked" else Kind.REDELIVER
    kinds = {"waiting": (again, Kind.SKIP, Kind.PARK), "parked": (again, Kind.SKIP)}.get(delivery.state, (again,))
    words = {Kind.REDELIVER: "Deliver again", Kind.RELEASE: "Release", Kind.SKIP: "Skip", Kind.PARK: "Park on purpose"}
    return [
        tool(request, words[kind], PERMISSIONS[kind], "outbox_delivery_operate", kind, deliveries=delivery.pk)
        for kind in kinds
    ]


def _ids(deliveries: QuerySet[Any]) -> list[int]:
    """The chosen ones in the order in which they came; one too many is enough to be refused."""
    return list(deliveries.order_by("pk").values_list("pk", flat=True)[: MOST + 1])


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    actions = ("redeliver", "skip", "park", "release")
    list_display = ("id", "state_", "reaction_", "event_", "failed", "due", "outcome_", "order")
    list_filter = ("state", ("reaction__app", admin.AllValuesFieldListFilter), "reaction")
    list_select_related = ("event",)
    ordering = ("-id",)
    search_fields = ("order_id",)
    search_help_text = "The id of an order, a delivery's number, or a reaction"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("event__payload")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (search_deliveries(queryset, search_term.strip()) if search_term.strip() else queryset), False

    def page_context(self, request: HttpRequest, obj: Delivery) -> dict[str, Any]:
        event, delivery = delivery_in_history(obj)
        return {
            "event": event,
            "delivery": delivery,
            "order_url": order_url(obj.order_id),
            "tools": tools_of(request, obj),
            "operated": OperationItem.objects.filter(delivery=obj).select_related("operation").order_by("-pk")[:20],
            "title": "Delivery",
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(operate)
        return [path("operate/<slug:kind>/", view, name="outbox_delivery_operate"), *super().get_urls()]

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.redeliver")

    def has_skip_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.skip")

    def has_park_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("outbox.park")

    @admin.action(description="Deliver again", permissions=["redeliver"])
    def redeliver(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return operate(request, Kind.REDELIVER, _ids(queryset))

    @admin.action(description="Skip, with a reason", permissions=["skip"])
    def skip(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return operate(request, Kind.SKIP, _ids(queryset))

    @admin.action(description="Park on purpose, with a reason", permissions=["park"])
    def park(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return operate(request, Kind.PARK, _ids(queryset))

    @admin.action(description="Release what is parked", permissions=["redeliver"])
    def release(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return operate(request, Kind.RELEASE, _ids(queryset))

    @admin.display(description="reaction")
    def reaction_(self, delivery: Delivery) -> SafeString:
        return reaction_link(delivery.reaction_id)

    @admin.display(description="event")
    def event_(self, delivery: Delivery) -> SafeString:
        return event_link(delivery.event)

    @admin.display(description="state")
    def state_(self, delivery: Delivery) -> SafeString:
        return state_mark(delivery.state)

    @admin.display(description="failed")
    def failed(self, delivery: Delivery) -> int:
        return delivery.attempts

    @admin.display(description="due")
    def due(self, delivery: Delivery) -> str:
        return stamp(delivery.due_at)

    @admin.display(description="outcome")
    def outcome_(self, delivery: Delivery) -> str:
        return Truncator(delivery.outcome).chars(60)

    @admin.display(description="order")
    def order(self, delivery: Delivery) -> SafeString:
        return order_link(delivery.order_id)
