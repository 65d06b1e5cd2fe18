"""Payments, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from outbox.admin import ReadOnlyAdmin
from payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "state", "amount", "currency", "method", "decline_code", "state_since")
    list_filter = ("state",)
    ordering = ("-state_since", "-id")
    search_fields = ("=order_id",)
    search_help_text = "The id of the order"
