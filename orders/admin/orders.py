"""The orders: the list, the page that says where one is and why, and what staff can do from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders import services
from orders.admin.exporting import export_case, export_diagram
from orders.admin.filters import FILTERS
from orders.admin.listing import strip, what_it_waits_for, with_what_happened
from orders.admin.live import live, told
from orders.admin.marks import status_mark
from orders.admin.money import in_major_unit
from orders.models import CancellationRequest, Order, OrderLine
from orders.status import is_cancellable
from outbox.admin import ReadOnlyAdmin, acting, hidden, hidden_email, is_revealed, since, stamp


class CancellationForm(forms.Form):
    """Why staff wants an order cancelled."""

    reason = forms.ChoiceField(choices=CancellationRequest.Why)
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("number", "email", "status_", "waits_for", "stages", "placed", "total_")
    list_filter = FILTERS
    date_hierarchy = "placed_at"
    ordering = ("-placed_at", "-id")
    search_fields = ("number",)  # there is a search box; see get_search_results
    search_help_text = (
        "The beginning of a number or id, or all of: an e-mail address, SKU, tracking number or provider's reference; "
        "the id of an event, a request, or a Celery task that has failed; an Idempotency-Key"
    )

    class Media:
        css = {"all": ["outbox/answer.css"]}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (services.search_orders(queryset, term) if term else queryset), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("customer")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Adds to each order of the page what has happened to it, and what it waits for, all at once."""
        changelist = super().get_changelist_instance(request)
        if request.user.has_perm("outbox.view_event"):
            changelist.result_list = with_what_happened(changelist.result_list)
        return changelist

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "cancel": self.request_cancellation,
            "refold": self.refold,
            "live": live,
            "case": export_case,
            "diagram": export_diagram,
        }
        return [
            *(
                path(f"<uuid:order_id>/{name}/", self.admin_site.admin_view(view), name=f"orders_order_{name}")
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def request_cancellation(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        """Asks for the order to be cancelled, after a page that asks why."""
        if not request.user.has_perm("orders.request_cancel"):
            raise PermissionDenied
        order = get_object_or_404(Order, pk=order_id)
        form = CancellationForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._request_cancellation(request, order, form.cleaned_data)
            return redirect("admin:orders_order_change", order.pk)
        context = {**self.admin_site.each_context(request), "title": f"Cancel {order}?", "form": form, "order": order}
        return TemplateResponse(request, "admin/orders/order/cancel.html", context)

    def _request_cancellation(self, request: HttpRequest, order: Order, why: dict[str, Any]) -> None:
        try:
            said = f"{why['reason']}: {why['note']}".removesuffix(": ")
            with acting(request, "request the cancellation", order_id=order.pk, reason=said):
                services.request_cancellation(order_id=order.pk, requested_by="staff", **why)
        except services.NotCancellable as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.log_change(request, order, f"Requested its cancellation: {why['reason']}")
            self.message_user(request, "Asked for. Whether it is too late, shipping decides: see the history.")

    def refold(self, request: HttpRequest, order_id: UUID) -> HttpResponse:
        """Shows what is kept beside what the events amount to, and on POST lets the order keep that."""
        if not request.user.has_perm("orders.change_order"):
            raise PermissionDenied
        order = get_object_or_404(Order, pk=order_id)
        with transaction.atomic():
            found = services.mismatches([order_id])
            mended = 0
            if request.method == "POST" and found and found[0].has_history:
                with acting(request, "fold it anew", order_id=order_id, reason=str(found[0])):
                    mended = services.mend(found)
        if mended:
            self.log_change(request, order, f"Folded anew: {found[0]}")
            self.message_user(request, f"Folded anew: {found[0]}")
        if request.method == "POST":
            return redirect("admin:orders_order_change", order.pk)
        context = {"title": f"Fold {order} anew?", "order": order, "mismatch": found[0] if found else None}
        return TemplateResponse(
            request, "admin/orders/order/refold.html", {**self.admin_site.each_context(request), **context}
        )

    def page_context(self, request: HttpRequest, obj: Order) -> dict[str, Any]:
        revealed = is_revealed(request, obj.pk)
        return {
            "total": in_major_unit(obj.total, obj.currency),
            "customer": obj.customer.get_username() if revealed else _unless_an_address(obj.customer.get_username()),
            "email": obj.customer_email if revealed else hidden_email(obj.customer_email),
            "address": _on_one_line(obj.ship_to if revealed else _without_who_and_where(obj.ship_to)),
            "lines": [_told_line(line, obj.currency) for line in obj.lines.order_by("sku")],
            "may_cancel": request.user.has_perm("orders.request_cancel"),
            "is_cancellable": is_cancellable(set(obj.seen)),
            "title": "Order",
            **told(request, obj),
        }

    @admin.display(description="customer")
    def email(self, order: Order) -> str:
        return hidden_email(order.customer_email)

    @admin.display(description="status")
    def status_(self, order: Order) -> SafeString:
        """The status, and for how long the order has had it."""
        return format_html('{} <span class="age">{}</span>', status_mark(order.status), since(order.status_since))

    @admin.display(description="waits for", empty_value="-")
    def waits_for(self, order: Order) -> SafeString | None:
        return what_it_waits_for(order)

    @admin.display(description="stages")
    def stages(self, order: Order) -> SafeString:
        return strip(order)

    @admin.display(description="placed")
    def placed(self, order: Order) -> str:
        return stamp(order.placed_at)

    @admin.display(description="total")
    def total_(self, order: Order) -> str:
        return in_major_unit(order.total, order.currency)


def _on_one_line(address: dict[str, Any]) -> str:
    parts = [address.get("recipient"), *address.get("lines", ())]
    parts += [address.get(part) for part in ("locality", "postal_code", "country")]
    return ", ".join(part for part in parts if part)


def _without_who_and_where(address: dict[str, Any]) -> dict[str, Any]:
    """Of the address only what says how it is shipped: the country."""
    return {part: value if part == "country" else hidden(value) for part, value in address.items() if part != "lines"}


def _unless_an_address(username: str) -> str:
    return hidden_email(username) if "@" in username else username


def _told_line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": in_major_unit(line.unit_price, currency),
        "total": in_major_unit(line.quantity * line.unit_price, currency),
    }
