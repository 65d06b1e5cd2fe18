"""What `manage.py check` says about the settings of the provider."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

SANDBOX_PROVIDER = "payments.sandbox.SandboxProvider"
STRIPE_PROVIDER = "payments.stripe.StripeProvider"


def check_provider(**kwargs: Any) -> list[CheckMessage]:
    """There is a provider, and outside the sandbox one that takes real money: nothing is shipped unpaid."""
    if not settings.SANDBOX and settings.PAYMENT_PROVIDER in ("", SANDBOX_PROVIDER):
        hint = "Set PAYMENT_PROVIDER to the class of a provider, or SANDBOX=on to try things out."
        return [Error("No payment provider takes real money, and SANDBOX is off.", hint, id="payments.E001")]
    try:
        import_string(settings.PAYMENT_PROVIDER)
    except ImportError as error:
        remedy = "Install requirements-stripe.txt." if settings.PAYMENT_PROVIDER == STRIPE_PROVIDER else None
        return [Error(f"PAYMENT_PROVIDER cannot be imported: {error}", remedy, id="payments.E002")]
    return _check_stripe() if settings.PAYMENT_PROVIDER == STRIPE_PROVIDER else []


def _check_stripe() -> list[CheckMessage]:
    for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"):
        if not getattr(settings, name):
            hint = "Stripe shows it in its dashboard, under Developers."
            return [Error(f"Stripe is the payment provider, and {name} is not set.", hint, id="payments.E003")]
    if ("_live_" in settings.STRIPE_SECRET_KEY) == settings.SANDBOX:
        words = "a live key, and SANDBOX is on" if settings.SANDBOX else "not a live key, and SANDBOX is off"
        hint = "A live key takes real money, any other takes none; SANDBOX says which of the two is meant."
        return [Error(f"STRIPE_SECRET_KEY is {words}.", hint, id="payments.E004")]
    if not settings.SANDBOX and not settings.STRIPE_API_BASE.startswith("https://"):
        return [Error("STRIPE_API_BASE has to begin with https://, for the key is sent there.", id="payments.E005")]
    return []
