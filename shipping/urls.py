"""The addresses of shipping, under /api/v1/."""

from django.urls import path

from shipping.views import OneShipment, SandboxCarrierCallbacks

urlpatterns = [
    path("shipments/<uuid:shipment_id>", OneShipment.as_view(), name="shipment"),
    path("carrier-callbacks/sandbox", SandboxCarrierCallbacks.as_view(), name="sandbox-carrier-callbacks"),
]
