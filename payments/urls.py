"""The addresses of payments, under /api/v1/."""

from django.urls import path

from payments.views import SandboxProviderCallbacks

urlpatterns = [path("payment-callbacks/sandbox", SandboxProviderCallbacks.as_view(), name="sandbox-provider-callbacks")]
