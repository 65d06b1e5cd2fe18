"""Deliveries: the list that an operator filters, and the page of one with the runs that failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from outbox.admin.history import delivery_in_history
from outbox.admin.links import event_link, order_link, order_url, reaction_link
from outbox.admin.marks import state_mark
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import stamp
from outbox.models import Delivery


def search_deliveries(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Returns the deliveries that a person means by the term: an order's id, a delivery's number, or a reaction."""
    try:
        return queryset.filter(event__order_id=UUID(term))
    except ValueError:
        return queryset.filter(pk=term) if term.isdecimal() else queryset.filter(reaction=term)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
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
        return {"event": event, "delivery": delivery, "order_url": order_url(obj.order_id), "title": "Delivery"}

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
