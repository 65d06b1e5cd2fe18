"""Errors of the `stripe` library: which are refusals, which leave a doubt, and before which nothing was done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from outbox import NotDone
from payments.gateway import Declined, OutcomeUnknown

# Why exactly is for Stripe's dashboard only: a thief who is told that a card is known to be stolen tries the next one.
# Source: https://docs.stripe.com/declines/codes
SECRET = {"fraudulent", "lost_card", "merchant_blacklist", "stolen_card"}
GENERIC_DECLINE = "generic_decline"
LONGEST_CODE = 50
# What the customer has chosen. A request that is wrong in anything else is our own fault, and no refusal.
CHOSEN = {"amount", "payment_method"}


@contextmanager
def certainty() -> Iterator[None]:
    """Tells errors that leave a doubt from those before which Stripe has certainly not begun."""
    try:
        yield
    except (stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError) as refused:
        raise NotDone(f"Stripe has not begun: {refused}") from refused
    except stripe.APIConnectionError as error:
        if _never_sent(error):
            raise NotDone(f"Stripe was not reached: {error}") from error
        raise OutcomeUnknown(f"Stripe has not answered: {error}") from error


def _never_sent(error: stripe.APIConnectionError) -> bool:
    cause = error.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def refusal_of(wrong: stripe.InvalidRequestError) -> Declined:
    """Returns the refusal, if what Stripe finds wrong is what the customer has chosen.

    Raises:
        InvalidRequestError: it is something else.
    """
    if wrong.param not in CHOSEN:
        raise wrong
    return Declined(code=code_of(wrong))


def code_of(error: Any, otherwise: str = GENERIC_DECLINE) -> str:
    """Returns why something was refused, as far as customers may know it; `otherwise`, if Stripe gives no code."""
    code = getattr(error, "decline_code", None) or getattr(error, "code", None) or otherwise
    return GENERIC_DECLINE if code in SECRET else str(code)[:LONGEST_CODE]
