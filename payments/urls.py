"""The addresses of payments, under /api/v1/."""

from django.urls import path

from payments.views import OnePayment, OneRefund, Refunds, SandboxProviderCallbacks, StripeCallbacks

urlpatterns = [
    path("payments/<uuid:payment_id>", OnePayment.as_view(), name="payment"),
    path("payments/<uuid:payment_id>/refunds", Refunds.as_view(), name="refunds"),
    path("payments/<uuid:payment_id>/refunds/<uuid:refund_id>", OneRefund.as_view(), name="refund"),
    path("payment-callbacks/sandbox", SandboxProviderCallbacks.as_view(), name="sandbox-provider-callbacks"),
    path("payment-callbacks/stripe", StripeCallbacks.as_view(), name="stripe-callbacks"),
]
