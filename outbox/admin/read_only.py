"""What all these pages have in common: they show what has happened, and nobody can change that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.views.main import ERROR_FLAG
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from outbox.admin.bounded_paginator import BoundedPaginator
from outbox.admin.links import order_link

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin  # only the stubs make it generic


# Any other comparison, such as with a beginning or a pattern, would tell letter by letter what a page masks.
COMPARISONS = {"exact", "in", "isnull", "isempty", "gte", "gt", "lte", "lt", "id", "pk", "year", "month", "day"}
DATES = ("year", "month", "day")


class ReadOnlyAdmin(_ModelAdmin):
    """A list and a page per row for whoever has the view permission; nothing on them changes anything.

    The lists stay fast however long the tables become: nothing is counted in full.
    """

    actions: Any = None
    paginator = BoundedPaginator
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()

    class Media:
        css = {"all": ["outbox/history.css", "outbox/operations.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list offers may be asked for: of its fields one could be told what this page does not show."""
        if lookup.endswith(DATES) and not (value.isdecimal() and len(value) <= 4):
            return False
        return self._offers(lookup) and super().lookup_allowed(lookup, value, request)

    def _offers(self, lookup: str) -> bool:
        if lookup.partition("__")[0] not in {field.name for field in self.opts.get_fields()}:
            return True  # no field: a filter's own name, or nothing
        return any(_compares(lookup, name) for name in self._filtered_by())

    def _filtered_by(self) -> Iterator[str]:
        for offered in (*self.list_filter, self.date_hierarchy):
            name = offered[0] if isinstance(offered, tuple) else getattr(offered, "parameter_name", offered)
            if name:
                yield str(name)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # PostgreSQL refuses NUL in text, and Django's filters would pass it on: the same answer as to any bad filter.
        if any("\x00" in value for values in request.GET.lists() for value in (values[0], *values[1])):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        return super().changelist_view(request, extra_context)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Returns what the page of a row shows beyond its fields, by the names that the template uses."""
        return {}

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= self.page_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)


def _compares(lookup: str, name: str) -> bool:
    """Whether the lookup compares this field plainly."""
    field, _, comparison = lookup.partition(f"{name}__")
    return lookup == name or (not field and set(comparison.split("__")) <= COMPARISONS)


class OfOrderAdmin(ReadOnlyAdmin):
    """The rows of an app that belong to an order, by `order_id`: the list, and the page of each, lead to the order."""

    list_display_links = ("state",)
    readonly_fields = ("order",)
    search_fields: ClassVar[tuple[str, ...]] = ("=order_id",)
    search_help_text = "The id of the order"

    @admin.display(description="order")
    def order(self, row: Any) -> SafeString:
        return order_link(row.order_id)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Shows the order where its id would stand."""
        others = [name for name in super().get_fields(request, obj) if name not in ("order", "order_id")]
        return ["order", *others]
