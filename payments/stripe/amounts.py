"""Amounts as Stripe counts them: mostly, but not always, in the minor units of ISO 4217."""

from __future__ import annotations

from fractions import Fraction

from outbox import Money

# Stripe's units in one minor unit, where they differ; and the currencies of which it takes multiples of ten only.
# Source: https://docs.stripe.com/currencies
UNITS = {"ISK": Fraction(100), "UGX": Fraction(100), "MGA": Fraction(1, 100)}
TENS = {"BHD", "JOD", "KWD", "OMR", "TND"}


class ImpossibleAmount(ValueError):
    """Stripe cannot take this amount in this currency, or cannot have taken it."""


def in_units(amount: Money) -> int:
    """Returns the amount as Stripe counts it.

    Raises:
        ImpossibleAmount: Stripe cannot take it.
    """
    units = amount.amount * UNITS.get(amount.currency, 1)
    if units != int(units) or (amount.currency in TENS and units % 10):
        raise ImpossibleAmount(f"Stripe cannot take {amount.amount} minor units of {amount.currency}.")
    return int(units)


def from_units(units: int, currency: str) -> Money:
    """Returns what Stripe calls so many units of a currency, which it writes in lower case.

    Raises:
        ImpossibleAmount: it is no whole number of minor units.
    """
    amount = Fraction(units) / UNITS.get(currency.upper(), 1)
    if amount != int(amount):
        raise ImpossibleAmount(f"Stripe cannot have taken {units} units of {currency}.")
    return Money(amount=int(amount), currency=currency.upper())
