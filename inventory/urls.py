"""The addresses of inventory, under /api/v1/."""

from django.urls import path, re_path

from inventory.serializers import SKU
from inventory.views import Adjustments, OneSku, Skus

urlpatterns = [
    path("inventory/skus", Skus.as_view(), name="skus"),
    re_path(rf"^inventory/skus/(?P<sku>{SKU})\Z", OneSku.as_view(), name="sku"),
    path("inventory/adjustments", Adjustments.as_view(), name="adjustments"),
]
