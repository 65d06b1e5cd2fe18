"""The orders and the price list, to be looked at; an order's page tells its event history, and may ask to cancel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from orders import services
from orders.models import CancellationRequest, Order, OrderLine, Product, Status
from orders.status import attention_of, cancellation_pending
from outbox.admin import ReadOnlyAdmin, Tone, acting, event_history, mark, order_page_is, since, stamp

order_page_is("admin:orders_order_change")

GLYPHS: dict[str, tuple[str, Tone]] = {
    Status.PLACED: ("○", "busy"),
    Status.RESERVED: ("◔", "busy"),
    Status.PAID: ("◑", "busy"),
    Status.SHIPPED: ("✓", "good"),
    Status.DELIVERED: ("✓", "good"),
    Status.CANCELLING: ("↶", "busy"),
    Status.CANCELLED: ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
    Status.INCONSISTENT: ("✕", "bad"),
}

# ISO 4217: the currencies whose minor unit is not a hundredth, by the number of its decimals.
DECIMALS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)  # noqa: SIM905
DECIMALS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)  # noqa: SIM905  # as ISO lists them


def status_mark(status: str) -> SafeString:
    glyph, tone = GLYPHS.get(status, ("?", "bad"))
    return mark(status, glyph, tone)


def in_major_unit(amount: int, currency: str) -> str:
    """Returns an amount in the minor unit as people write it: `1,234.50 EUR`, `1,234 JPY`."""
    decimals = DECIMALS.get(currency, 2)
    return f"{Decimal(amount).scaleb(-decimals):,.{decimals}f} {currency}"


class CancellationForm(forms.Form):
    """Why staff wants an order cancelled."""

    reason = forms.ChoiceField(choices=CancellationRequest.Why)
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("number", "email", "status_", "age", "placed", "total_")
    list_filter = ("status", "placed_at")
    ordering = ("-placed_at", "-id")
    search_fields = ("number", "customer_email")
    search_help_text = "A part of the number or of the e-mail address, or the order's id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("customer")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.request_cancellation)
        return [path("<uuid:order_id>/cancel/", view, name="orders_order_cancel"), *super().get_urls()]

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
            with acting(request):
                services.request_cancellation(order_id=order.pk, requested_by="staff", **why)
        except services.NotCancellable as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.log_change(request, order, f"Requested its cancellation: {why['reason']}")
            self.message_user(request, "Asked for. Whether it is too late, shipping decides: see the history.")

    def page_context(self, request: HttpRequest, obj: Order) -> dict[str, Any]:
        return {
            "status": status_mark(obj.status),
            "age": since(obj.status_since),
            "total": in_major_unit(obj.total, obj.currency),
            "address": _on_one_line(obj.ship_to),
            "lines": [_told_line(line, obj.currency) for line in obj.lines.order_by("sku")],
            "attention": [word.replace("_", " ") for word in attention_of(set(obj.seen), now() - obj.status_since)],
            "cancellation_pending": cancellation_pending(set(obj.seen)),
            "may_cancel": request.user.has_perm("orders.request_cancel") and not obj.cancelled_at,
            "history": event_history(obj.pk) if request.user.has_perm("outbox.view_event") else None,
            "title": "Order",
        }

    @admin.display(description="customer")
    def email(self, order: Order) -> SafeString:
        local, at, domain = order.customer_email.partition("@")
        return format_html("{}<wbr>{}{}", local, at, domain)

    @admin.display(description="status")
    def status_(self, order: Order) -> SafeString:
        return status_mark(order.status)

    @admin.display(description="for")
    def age(self, order: Order) -> str:
        return since(order.status_since)

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


def _told_line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": in_major_unit(line.unit_price, currency),
        "total": in_major_unit(line.quantity * line.unit_price, currency),
    }


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("sku", "name", "price", "active")
    list_filter = ("active",)
    ordering = ("sku",)
    search_fields = ("sku", "name")
    fields = ("sku", "name", "price", "active")
    readonly_fields = ("price",)

    @admin.display(description="unit price")
    def price(self, product: Product) -> str:
        return in_major_unit(product.unit_price, product.currency)
