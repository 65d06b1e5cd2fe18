"""The addresses of shipping, under /api/v1/."""

from django.urls import path

from shipping.views import SandboxCarrierCallbacks

urlpatterns = [path("carrier-callbacks/sandbox", SandboxCarrierCallbacks.as_view(), name="sandbox-carrier-callbacks")]
