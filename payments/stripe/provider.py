"""The provider, by PaymentIntents and refunds.

Stripe forgets an idempotency key after a day, and never an intent. An intent that nobody confirms takes no money, so it
does no harm if its id was lost before it was committed, and another is opened.
"""

from __future__ import annotations

import stripe
from django.conf import settings

from outbox import Money
from payments.gateway import Charged, Declined, Opened, OutcomeUnknown, Refunded, RefundRefused, Report, Withdrawn
from payments.stripe.amounts import ImpossibleAmount, in_units
from payments.stripe.errors import certainty, code_of, refusal_of
from payments.stripe.reports import KEY, read_report

# Seconds to connect, and to wait for an answer. A look-up, a confirmation and a cancellation, which is the most that
# one call may need, end within `gateway.TIMEOUT`. The library repeats nothing by itself: the engine does.
LOOKING = (0.75, 1.25)
ASKING = (0.75, 3.25)

INVALID_AMOUNT = "invalid_amount"
INVALID_REQUEST = "invalid_request"
AUTHENTICATION_REQUIRED = "authentication_required"


class StripeProvider:
    """A `payments.gateway.OpeningProvider` and `ReportingProvider`."""

    name = "stripe"

    def __init__(self) -> None:
        self._asking, self._looking = _client(ASKING), _client(LOOKING)

    def capture(self, key: str, amount: Money, method: str) -> Opened | Declined:
        try:
            units = in_units(amount)
            with certainty():
                intent = self._asking.v1.payment_intents.create(
                    {
                        "amount": units,
                        "currency": amount.currency.lower(),
                        "payment_method": method,
                        "allowed_payment_method_types": ["card"],
                        "metadata": {KEY: key},
                    },
                    {"idempotency_key": key},
                )
        except ImpossibleAmount:
            return Declined(code=INVALID_AMOUNT)
        except stripe.InvalidRequestError as wrong:
            return refusal_of(wrong)
        return Opened(reference=intent.id)

    def look_up(self, key: str) -> None:
        """Nothing is taken for what is not known to be opened, so there is nothing to find."""

    def confirm(self, key: str, opened: str) -> Charged | Declined | Withdrawn:
        try:
            with certainty():
                intent = self._asking.v1.payment_intents.confirm(opened, {}, {"idempotency_key": f"{key}:confirm"})
        except stripe.CardError as declined:
            return Declined(code=code_of(declined.error or declined))
        except stripe.InvalidRequestError as wrong:
            return refusal_of(wrong)
        return self._decided(intent)

    def withdraw(self, opened: str) -> Charged | Declined | Withdrawn:
        with certainty():
            return self._decided(self._looking.v1.payment_intents.cancel(opened))

    def look_up_opened(self, opened: str) -> Charged | Declined | Withdrawn | None:
        with certainty():
            intent = self._looking.v1.payment_intents.retrieve(opened)
        return None if intent.status == "requires_confirmation" else self._decided(intent)

    def refund(self, key: str, reference: str, amount: Money) -> Refunded | RefundRefused:
        try:
            with certainty():
                made = self._asking.v1.refunds.create(
                    {"payment_intent": reference, "amount": in_units(amount), "metadata": {KEY: key}},
                    {"idempotency_key": key},
                )
        except ImpossibleAmount:
            return RefundRefused(code=INVALID_AMOUNT)
        except stripe.InvalidRequestError as refused:
            return RefundRefused(code=code_of(refused, otherwise=INVALID_REQUEST))
        return _refunded(made)

    def look_up_refund(self, key: str, reference: str) -> Refunded | RefundRefused | None:
        with certainty():
            newest = self._looking.v1.refunds.list({"payment_intent": reference, "limit": 100})
            # Parts may be more than Stripe lists at once, and one that is not found would be made again.
            for refund in newest.auto_paging_iter():
                if refund.metadata and KEY in refund.metadata and refund.metadata[KEY] == key:
                    return _refunded(refund)
        return None

    def read_report(self, body: bytes, signature: str) -> Report:
        return read_report(body, signature)

    def _decided(self, intent: stripe.PaymentIntent) -> Charged | Declined | Withdrawn:
        match intent.status:
            case "succeeded":
                return Charged(reference=intent.id)
            case "canceled":
                return Withdrawn()
            case "requires_payment_method":  # the one that it had was declined
                return Declined(code=code_of(intent.last_payment_error))
            case "requires_action":  # by the customer, who is not here any more
                return self._withdrawn_for_good(intent)
        raise OutcomeUnknown(f"The PaymentIntent {intent.id} is {intent.status}.")

    def _withdrawn_for_good(self, intent: stripe.PaymentIntent) -> Charged | Declined | Withdrawn:
        answer = self.withdraw(intent.id)
        return Declined(code=AUTHENTICATION_REQUIRED) if isinstance(answer, Withdrawn) else answer


def _client(timeout: tuple[float, float]) -> stripe.StripeClient:
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE},
        http_client=stripe.RequestsClient(timeout=timeout),
        max_network_retries=0,
    )


def _refunded(made: stripe.Refund) -> Refunded | RefundRefused:
    if made.status == "succeeded":
        return Refunded(reference=made.id)
    if made.status in ("failed", "canceled"):
        reason = made.failure_reason if "failure_reason" in made else None
        return RefundRefused(code=reason or made.status)
    raise OutcomeUnknown(f"The refund {made.id} is {made.status}.")
