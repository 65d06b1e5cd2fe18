"""Payments, to be looked at; a refund that has failed can be tried again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from outbox.admin import ReadOnlyAdmin, acting
from payments import services
from payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    actions = ("refund_again",)
    list_display = ("order_id", "state", "amount", "currency", "method", "decline_code", "refund_code", "state_since")
    list_filter = ("state",)
    ordering = ("-state_since", "-id")
    search_fields = ("=order_id",)
    search_help_text = "The id of the order"

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.refund")

    @admin.action(description="Try the failed refund again", permissions=["refund"])
    def refund_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        started = 0
        for payment_id in queryset.order_by("order_id").values_list("pk", flat=True):
            try:
                with acting(request):
                    services.retry_refund(payment_id=payment_id)
                started += 1
            except services.NothingToRefund as refused:
                self.message_user(request, f"{payment_id}: {refused}", messages.WARNING)
        self.message_user(request, f"{started} refunds started.")
