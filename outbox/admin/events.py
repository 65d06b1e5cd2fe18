"""Events: the list, and the page of one with everything that followed from it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outbox.admin.catalogue import catalogue_urls
from outbox.admin.history import history_of
from outbox.admin.links import breakable, event_type_link, order_link, order_url
from outbox.admin.masking import is_revealed
from outbox.admin.operating import PERMISSIONS
from outbox.admin.operations_of_order import reveal_tool
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import stamp
from outbox.admin.tools import tool
from outbox.events import published_events
from outbox.models import Event
from outbox.operations.models import Kind


class AppFilter(admin.SimpleListFilter):
    """By the publishing app; asks for the names of its events, which the index on names can find."""

    title = "app"
    parameter_name = "app"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(app, app) for app in sorted({name.partition(".")[0] for name in published_events()})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(name__in=[name for name in published_events() if name.startswith(f"{self.value()}.")])


class NameFilter(admin.SimpleListFilter):
    """By name; the choice is what the installed apps publish, not a scan of everything that ever happened."""

    title = "event"
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(published_events())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(name=self.value()) if self.value() else queryset


def search_events(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Returns the events that a person means by the term: an order's or an event's id, a position, or a name."""
    try:
        id = UUID(term)
    except ValueError:
        digits = term.removeprefix("#")
        return queryset.filter(position=digits) if digits.isdecimal() else queryset.filter(name__iexact=term)
    return queryset.filter(id=id) | queryset.filter(order_id=id)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("position", "event", "happened", "because_of", "order")
    list_display_links = ("position",)
    list_filter = (AppFilter, NameFilter, "cause_kind")
    ordering = ("-position",)
    search_fields = ("order_id",)
    search_help_text = "The id of an order or an event, a position such as #12, or an event's name"

    def get_urls(self) -> list[URLPattern]:
        return [*catalogue_urls(self.admin_site), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("payload")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (search_events(queryset, search_term.strip()) if search_term.strip() else queryset), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Finds an event by its position or by its id, so that a link needs to know only one of them."""
        try:
            id = UUID(object_id)
        except ValueError:
            return super().get_object(request, object_id, from_field)
        return self.get_queryset(request).filter(id=id).first()

    def page_context(self, request: HttpRequest, obj: Event) -> dict[str, Any]:
        shown = is_revealed(request, obj.order_id)
        return {
            "history": history_of(obj, revealed=shown),
            "order_url": order_url(obj.order_id),
            "tools": [
                tool(
                    request,
                    "Deliver again",
                    PERMISSIONS[Kind.REDELIVER],
                    "outbox_delivery_operate",
                    Kind.REDELIVER,
                    event=obj.pk,
                ),
                reveal_tool(request, obj.order_id),
            ],
            "title": "Event",
        }

    @admin.display(description="event")
    def event(self, event: Event) -> SafeString:
        return event_type_link(event.name)

    @admin.display(description="happened")
    def happened(self, event: Event) -> str:
        return stamp(event.occurred_at)

    @admin.display(description="because of")
    def because_of(self, event: Event) -> SafeString | str:
        if event.cause_kind != "event":
            return f"{event.cause_kind} {event.cause_id}, by {event.producer}"
        url = reverse("admin:outbox_event_change", args=[event.cause_id])
        return format_html('<a href="{}">event</a>, by {}', url, breakable(event.producer))

    @admin.display(description="order")
    def order(self, event: Event) -> SafeString:
        return order_link(event.order_id)
