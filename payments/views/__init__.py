"""The endpoints of payments."""

from payments.views.reporting import SandboxProviderCallbacks, StripeCallbacks
from payments.views.settling import OnePayment, OneRefund, Refunds

__all__ = ["OnePayment", "OneRefund", "Refunds", "SandboxProviderCallbacks", "StripeCallbacks"]
