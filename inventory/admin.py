"""Stock and reservations, to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from inventory.models import Adjustment, Reservation, ReservationLine, Stock
from outbox.admin import OfOrderAdmin, ReadOnlyAdmin

if TYPE_CHECKING:
    _Lines = admin.TabularInline[ReservationLine, Reservation]
else:
    _Lines = admin.TabularInline  # only the stubs make it generic


@admin.register(Stock)
class StockAdmin(ReadOnlyAdmin):
    list_display = ("sku", "on_hand", "reserved", "available")
    ordering = ("sku",)
    search_fields = ("sku",)


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    list_display = ("sku", "delta", "on_hand", "reason", "actor", "adjusted_at")
    list_filter = ("reason",)
    ordering = ("-adjusted_at", "-id")
    search_fields = ("=sku",)


class ReservationLines(_Lines):
    model = ReservationLine


@admin.register(Reservation)
class ReservationAdmin(OfOrderAdmin):
    list_display = ("order", "state", "state_since")
    list_filter = ("state",)
    ordering = ("-state_since", "-id")
    inlines = (ReservationLines,)
