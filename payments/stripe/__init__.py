"""Stripe: a charge is a PaymentIntent, which is opened, kept by its id, and only then confirmed."""

from payments.stripe.provider import StripeProvider

__all__ = ["StripeProvider"]
