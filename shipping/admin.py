"""Shipments, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from outbox.admin import ReadOnlyAdmin
from shipping.models import Shipment


@admin.register(Shipment)
class ShipmentAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "state", "carrier", "tracking_number", "state_since")
    list_filter = ("state",)
    ordering = ("-state_since", "-id")
    search_fields = ("=order_id",)
    search_help_text = "The id of the order"
