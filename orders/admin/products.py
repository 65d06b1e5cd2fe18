"""The price list, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from orders.admin.money import in_major_unit
from orders.models import Product
from outbox.admin import ReadOnlyAdmin


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
