"""Amounts, as Stripe counts them and as ISO 4217 does."""

import pytest

from outbox import Money
from payments.stripe.amounts import ImpossibleAmount, from_units, in_units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        (4_998, "EUR", 4_998),
        (500, "JPY", 500),  # none has decimals
        (500, "ISK", 50_000),  # none has decimals, and Stripe counts two
        (500, "UGX", 50_000),
        (50_000, "MGA", 500),  # ISO counts two, and Stripe none
        (1_230, "KWD", 1_230),  # three, of which Stripe takes two
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(amount: int, currency: str, units: int) -> None:
    money = Money(amount=amount, currency=currency)
    assert in_units(money) == units
    assert from_units(units, currency.lower()) == money


@pytest.mark.parametrize(("amount", "currency"), [(1_234, "KWD"), (50_001, "MGA")])
def test_an_amount_that_stripe_cannot_take_is_not_rounded(amount: int, currency: str) -> None:
    with pytest.raises(ImpossibleAmount):
        in_units(Money(amount=amount, currency=currency))


def test_an_amount_that_stripe_cannot_have_taken_is_not_rounded() -> None:
    with pytest.raises(ImpossibleAmount):
        from_units(501, "isk")
