"""Whole orders through the real engine, paid at Stripe over HTTP."""

from __future__ import annotations

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command

from config.invariants import INVARIANTS
from outbox.models import Attempt, Delivery
from outbox.testing import deliver, make_due, published
from payments.events import PaymentOpened
from payments.models import Payment
from payments.services import retry_refund
from payments.stripe import StripeProvider
from tests.domain.journeys import bring_to_the_end, cancel, happened, held_up, order, status
from tests.payments_stripe.ledger import charges, intents
from tests.payments_stripe.recorder import (
    CANCEL,
    CONFIRM,
    CREATE,
    LOOK,
    LOOK_FOR_REFUNDS,
    REFUND,
    Answer,
    Recorder,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stripe")]

VISA = "pm_card_visa"
DECLINED = "pm_card_chargeCustomerFail"
TOTAL = 2 * 1_999
SHIPPING = "shipping.buy_label"
CAPTURE = "payments.capture_payment"


def payment(order_id: UUID) -> Payment:
    return Payment.objects.get(order_id=order_id)


def outcomes(order_id: UUID) -> list[tuple[str, str]]:
    """What became of the two halves of a capture: opening, and taking the money."""
    asking = Delivery.objects.filter(order_id=order_id, reaction_id=CAPTURE).exclude(outcome__startswith="waits for")
    deliveries = asking.order_by("event_id")
    return [(delivery.state, delivery.outcome) for delivery in deliveries]


def opened() -> UUID:
    """An order whose charge is opened at Stripe; that it is has been committed, and nothing more has happened."""
    order_id = order(VISA)
    while "PaymentOpened" not in happened(order_id):
        if not deliver():
            make_due()
    return order_id


def shipped() -> UUID:
    order_id = order(VISA)
    bring_to_the_end()
    assert status(order_id) == "shipped"
    return order_id


def cancelled_when_paid() -> UUID:
    order_id = order(VISA)
    with held_up(SHIPPING):
        assert payment(order_id).state == "captured"
        cancel(order_id)
    bring_to_the_end()
    return order_id


class TestPaid:
    def test_an_order_is_charged_once_and_shipped(self, company: int, recorder: Recorder) -> None:
        order_id = shipped()
        assert recorder.kinds() == [CREATE, CONFIRM]
        assert charges(company, order_id) == [(TOTAL, 0)]
        assert outcomes(order_id) == [("done", "payments.PaymentOpened"), ("done", "payments.PaymentCaptured")]

    def test_the_name_at_stripe_is_kept_before_the_money_is_taken(self, recorder: Recorder) -> None:
        shipped()
        (opened,) = published("payments.PaymentOpened")
        assert isinstance(opened, PaymentOpened)
        assert (opened.provider, opened.provider_ref[:3]) == ("stripe", "pi_")
        assert recorder.asked[1].path == f"/v1/payment_intents/{opened.provider_ref}/confirm"
        assert payment(opened.order_id).provider_ref == opened.provider_ref

    @pytest.mark.django_db(transaction=True)
    def test_verify_says_what_it_cannot_compare_and_finds_nothing_wrong(self) -> None:
        shipped()
        cancelled_when_paid()
        out = StringIO()
        call_command("verify", settled=True, stdout=out, no_color=True)
        of_the_ledger = sum(invariant.needs == "provider" for invariant in INVARIANTS)
        assert out.getvalue().count(": not examined, for the provider is not the sandbox's") == of_the_ledger >= 6


class TestNotPaid:
    def test_a_declined_card_cancels_the_order(self, company: int) -> None:
        order_id = order(DECLINED)
        bring_to_the_end()
        assert (status(order_id), payment(order_id).decline_code) == ("cancelled", "card_declined")
        assert charges(company, order_id) == []

    def test_a_method_that_stripe_does_not_know_cancels_the_order(self, recorder: Recorder) -> None:
        unknown = {"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}
        recorder.plan(CREATE, instead=Answer.of(404, message="No such PaymentMethod", **unknown))
        order_id = order("pm_nobodys")
        bring_to_the_end()
        assert (status(order_id), payment(order_id).decline_code) == ("cancelled", "resource_missing")

    def test_a_cancellation_before_it_is_confirmed_takes_nothing(self, company: int, recorder: Recorder) -> None:
        """The money could still be taken, and is not: the intent is cancelled at Stripe as well."""
        order_id = opened()
        with held_up(CAPTURE):
            cancel(order_id)
        bring_to_the_end()
        assert (status(order_id), payment(order_id).state) == ("cancelled", "voided")
        assert recorder.kinds() == [CREATE, CANCEL]
        assert (intents(company, order_id), charges(company, order_id)) == (["canceled"], [])
        assert "PaymentDeclined" not in happened(order_id)

    def test_what_somebody_has_cancelled_at_stripe_is_a_decline(self, company: int, stripe: StripeProvider) -> None:
        order_id = opened()
        stripe.withdraw(payment(order_id).provider_ref)
        bring_to_the_end()
        assert (status(order_id), payment(order_id).decline_code) == ("cancelled", "withdrawn")


class TestInDoubt:
    @pytest.mark.parametrize("kind", [CREATE, CONFIRM])
    def test_a_lost_answer_is_looked_up_and_one_charge_is_made(
        self, company: int, recorder: Recorder, kind: str
    ) -> None:
        recorder.plan(kind, lost=True)
        order_id = shipped()
        assert Attempt.objects.get().exception == "OutcomeUnknown"
        assert charges(company, order_id) == [(TOTAL, 0)]
        assert (recorder.times(CREATE), recorder.times(CONFIRM), recorder.times(LOOK)) == {
            CREATE: (2, 1, 0),  # by its key it is the same one
            CONFIRM: (1, 1, 1),
        }[kind]
        assert intents(company, order_id) == ["succeeded"]

    def test_an_error_of_stripe_after_it_has_charged_is_looked_up(self, company: int, recorder: Recorder) -> None:
        recorder.plan(CONFIRM, after=True, instead=Answer.of(500, type="api_error", message="Something went wrong."))
        order_id = shipped()
        assert Attempt.objects.get().exception == "APIError"
        assert (recorder.times(CONFIRM), recorder.times(LOOK)) == (1, 1)
        assert charges(company, order_id) == [(TOTAL, 0)]

    def test_what_is_asked_for_again_by_the_same_keys_makes_one_charge(self, company: int, recorder: Recorder) -> None:
        """Both answers are lost, and the look-up says what is not true any more: nothing but the keys is left."""
        recorder.plan(CREATE, lost=True)
        order_id = opened()
        reference = payment(order_id).provider_ref
        outdated = f'{{"id": "{reference}", "object": "payment_intent", "status": "requires_confirmation"}}'
        recorder.plan(CONFIRM, lost=True)
        recorder.plan(LOOK, instead=Answer(200, outdated.encode()))
        bring_to_the_end()
        key = payment(order_id).idempotency_key
        asked = [(str(asked), asked.key) for asked in recorder.asked if str(asked) != LOOK]
        assert asked == [(CREATE, key), (CREATE, key), (CONFIRM, f"{key}:confirm"), (CONFIRM, f"{key}:confirm")]
        assert (intents(company, order_id), charges(company, order_id)) == (["succeeded"], [(TOTAL, 0)])

    def test_an_answer_that_was_lost_for_longer_than_stripe_remembers_makes_one_charge(
        self, company: int, recorder: Recorder
    ) -> None:
        recorder.remembers_keys = False
        recorder.plan(CREATE, lost=True)
        recorder.plan(CONFIRM, lost=True)
        order_id = shipped()
        assert sorted(intents(company, order_id)) == ["requires_confirmation", "succeeded"]
        assert charges(company, order_id) == [(TOTAL, 0)]

    def test_a_refused_connection_leaves_no_doubt_and_is_tried_again(self, company: int, recorder: Recorder) -> None:
        recorder.plan(CONFIRM, instead=Answer.of(429, type="invalid_request_error", code="rate_limit", message="Slow."))
        order_id = shipped()
        assert Attempt.objects.get().exception == "NotDone"
        assert (recorder.times(CONFIRM), recorder.times(LOOK)) == (2, 0)
        assert charges(company, order_id) == [(TOTAL, 0)]

    def test_a_cancellation_while_it_is_confirmed_gives_the_money_back(self, company: int, recorder: Recorder) -> None:
        order_id = opened()
        recorder.plan(CONFIRM, lost=True)
        while not Attempt.objects.exists():
            deliver()
        with held_up(CAPTURE):
            assert charges(company, order_id) == [(TOTAL, 0)]
            cancel(order_id)
        bring_to_the_end()
        assert (status(order_id), payment(order_id).late) == ("cancelled", True)
        assert charges(company, order_id) == [(TOTAL, TOTAL)]


class TestGivenBack:
    def test_a_cancelled_order_gets_its_money_back_once(self, company: int) -> None:
        order_id = cancelled_when_paid()
        assert (status(order_id), payment(order_id).state) == ("cancelled", "refunded")
        assert charges(company, order_id) == [(TOTAL, TOTAL)]

    def test_a_lost_answer_is_looked_up_and_one_refund_is_made(self, company: int, recorder: Recorder) -> None:
        recorder.plan(REFUND, lost=True)
        order_id = cancelled_when_paid()
        assert (recorder.times(REFUND), recorder.times(LOOK_FOR_REFUNDS)) == (1, 1)
        assert charges(company, order_id) == [(TOTAL, TOTAL)]

    def test_a_refused_refund_is_owed_until_staff_tries_again(self, company: int, recorder: Recorder) -> None:
        no = Answer.of(400, type="invalid_request_error", code="charge_disputed", message="No.")
        recorder.plan(REFUND, instead=no)
        order_id = cancelled_when_paid()
        assert (status(order_id), payment(order_id).refund_code) == ("cancelling", "charge_disputed")
        assert charges(company, order_id) == [(TOTAL, 0)]
        retry_refund(payment_id=payment(order_id).pk)
        bring_to_the_end()
        assert (status(order_id), charges(company, order_id)) == ("cancelled", [(TOTAL, TOTAL)])
        first, second = (asked.key for asked in recorder.asked if str(asked) == REFUND)
        assert first != second
