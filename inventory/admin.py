"""Stock and reservations, to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from inventory.models import Reservation, ReservationLine, Stock
from outbox.admin import ReadOnlyAdmin

if TYPE_CHECKING:
    _Lines = admin.TabularInline[ReservationLine, Reservation]
else:
    _Lines = admin.TabularInline  # only the stubs make it generic


@admin.register(Stock)
class StockAdmin(ReadOnlyAdmin):
    list_display = ("sku", "on_hand", "reserved", "available")
    ordering = ("sku",)
    search_fields = ("sku",)


class ReservationLines(_Lines):
    model = ReservationLine


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "state", "state_since")
    list_filter = ("state",)
    ordering = ("-state_since", "-id")
    search_fields = ("=order_id",)
    search_help_text = "The id of the order"
    inlines = (ReservationLines,)
