"""Shipments, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from outbox.admin import OfOrderAdmin
from shipping.models import Shipment


@admin.register(Shipment)
class ShipmentAdmin(OfOrderAdmin):
    list_display = ("order", "state", "carrier", "tracking_number", "state_since")
    list_filter = ("state",)
    ordering = ("-state_since", "-id")
    exclude = ("ship_to",)  # personal; the page of the order shows it to those who may reveal it
