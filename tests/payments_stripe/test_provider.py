"""The provider by itself: what it asks of Stripe, and what it makes of the answers."""

from __future__ import annotations

import socket
from typing import Any
from uuid import uuid4

import pytest
import stripe as library

from outbox import Money, NotDone
from payments import gateway
from payments.gateway import Charged, Declined, Opened, OutcomeUnknown, Refunded, RefundRefused, Withdrawn
from payments.stripe import StripeProvider
from payments.stripe.provider import ASKING, LOOKING
from tests.payments_stripe.recorder import CONFIRM, CREATE, LOOK, REFUND, Answer, Recorder

VISA = "pm_card_visa"
DECLINED = "pm_card_chargeCustomerFail"  # on being charged
EUROS = Money(amount=4_998, currency="EUR")
BROKEN = Answer.of(500, type="api_error", message="Something went wrong on Stripe's end.")


@pytest.fixture
def key() -> str:
    return f"{uuid4()}:1"


def opened(stripe: StripeProvider, key: str, method: str = VISA) -> str:
    answer = stripe.capture(key, EUROS, method)
    assert isinstance(answer, Opened)
    return answer.reference


def charged(stripe: StripeProvider, key: str) -> str:
    answer = stripe.confirm(key, opened(stripe, key))
    assert isinstance(answer, Charged)
    return answer.reference


class TestACharge:
    def test_is_opened_and_then_confirmed(self, stripe: StripeProvider, recorder: Recorder, key: str) -> None:
        reference = opened(stripe, key)
        assert stripe.look_up_opened(reference) is None
        assert stripe.confirm(key, reference) == stripe.look_up_opened(reference) == Charged(reference=reference)
        assert recorder.kinds() == [CREATE, LOOK, CONFIRM, LOOK]
        create, _, confirm, _ = recorder.asked
        assert (create.key, confirm.key) == (key, f"{key}:confirm")
        assert create.form == {
            "amount": "4998",
            "currency": "eur",
            "payment_method": VISA,
            "allowed_payment_method_types[0]": "card",
            "metadata[murmuration_key]": key,
        }

    def test_that_was_asked_for_twice_by_one_key_is_one(self, stripe: StripeProvider, key: str) -> None:
        reference = charged(stripe, key)
        assert stripe.capture(key, EUROS, VISA) == Opened(reference=reference)
        assert stripe.confirm(key, reference) == Charged(reference=reference)

    def test_is_not_made_again_even_if_the_key_is_forgotten(
        self, stripe: StripeProvider, recorder: Recorder, key: str
    ) -> None:
        reference = charged(stripe, key)
        recorder.forget_keys()
        with pytest.raises(library.InvalidRequestError):
            stripe.confirm(key, reference)
        assert stripe.look_up_opened(reference) == Charged(reference=reference)

    def test_is_declined(self, stripe: StripeProvider, key: str) -> None:
        reference = opened(stripe, key, DECLINED)
        assert stripe.confirm(key, reference) == stripe.look_up_opened(reference) == Declined(code="card_declined")

    def test_is_withdrawn(self, stripe: StripeProvider, recorder: Recorder, key: str) -> None:
        reference = opened(stripe, key)
        assert stripe.withdraw(reference) == stripe.look_up_opened(reference) == Withdrawn()
        with pytest.raises(library.InvalidRequestError):
            stripe.confirm(key, reference)

    def test_that_was_made_is_not_withdrawn(self, stripe: StripeProvider, key: str) -> None:
        with pytest.raises(library.InvalidRequestError):
            stripe.withdraw(charged(stripe, key))

    def test_for_which_the_customer_would_have_to_be_there_is_withdrawn(
        self, stripe: StripeProvider, recorder: Recorder, key: str
    ) -> None:
        reference = opened(stripe, key)
        waiting = f'{{"id": "{reference}", "object": "payment_intent", "status": "requires_action"}}'
        recorder.plan(CONFIRM, instead=Answer(200, waiting.encode()))
        assert stripe.confirm(key, reference) == Declined(code="authentication_required")
        assert stripe.look_up_opened(reference) == Withdrawn()

    @pytest.mark.parametrize("status", ["processing", "requires_capture", "of_a_later_version"])
    def test_that_is_undecided_is_in_doubt(
        self, stripe: StripeProvider, recorder: Recorder, key: str, status: str
    ) -> None:
        reference = opened(stripe, key)
        undecided = f'{{"id": "{reference}", "object": "payment_intent", "status": "{status}"}}'.encode()
        for kind in (CONFIRM, LOOK):
            recorder.plan(kind, instead=Answer(200, undecided))
        with pytest.raises(OutcomeUnknown, match=f"is {status}"):
            stripe.confirm(key, reference)
        with pytest.raises(OutcomeUnknown, match=f"is {status}"):
            stripe.look_up_opened(reference)


class TestARefusal:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            ({"code": "card_declined", "decline_code": "insufficient_funds"}, "insufficient_funds"),
            ({"code": "expired_card"}, "expired_card"),
            ({"code": "card_declined", "decline_code": "stolen_card"}, "generic_decline"),
            ({}, "generic_decline"),
        ],
    )
    def test_of_the_card_says_what_customers_may_know(
        self, stripe: StripeProvider, recorder: Recorder, key: str, error: dict[str, str], code: str
    ) -> None:
        recorder.plan(CONFIRM, instead=Answer.of(402, type="card_error", message="Declined.", **error))
        assert stripe.confirm(key, opened(stripe, key)) == Declined(code=code)

    @pytest.mark.parametrize(
        ("param", "code"), [("payment_method", "resource_missing"), ("amount", "amount_too_small")]
    )
    def test_of_what_the_customer_has_chosen_is_a_decline(
        self, stripe: StripeProvider, recorder: Recorder, key: str, param: str, code: str
    ) -> None:
        wrong = Answer.of(400, type="invalid_request_error", param=param, code=code, message="No.")
        recorder.plan(CREATE, instead=wrong)
        assert stripe.capture(key, EUROS, VISA) == Declined(code=code)

    @pytest.mark.parametrize("param", ["currency", ""])
    def test_of_what_we_are_to_blame_for_is_none(
        self, stripe: StripeProvider, recorder: Recorder, key: str, param: str
    ) -> None:
        recorder.plan(CREATE, instead=Answer.of(400, type="invalid_request_error", param=param, message="No."))
        with pytest.raises(library.InvalidRequestError):
            stripe.capture(key, EUROS, VISA)

    def test_of_an_amount_that_stripe_cannot_take_needs_no_asking(
        self, stripe: StripeProvider, recorder: Recorder, key: str
    ) -> None:
        assert stripe.capture(key, Money(amount=1_234_567, currency="KWD"), VISA) == Declined(code="invalid_amount")
        assert recorder.asked == []


class TestATechnicalFailure:
    @pytest.mark.parametrize("status", [401, 403, 429])
    def test_before_stripe_has_begun_leaves_no_doubt(
        self, stripe: StripeProvider, recorder: Recorder, key: str, status: int
    ) -> None:
        recorder.plan(CREATE, instead=Answer.of(status, type="invalid_request_error", message="No."))
        with pytest.raises(NotDone):
            stripe.capture(key, EUROS, VISA)

    def test_to_connect_leaves_no_doubt(self, stripe: StripeProvider, settings: Any, key: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            settings.STRIPE_API_BASE = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(NotDone, match="was not reached"):
            StripeProvider().capture(key, EUROS, VISA)

    def test_to_hear_the_answer_leaves_a_doubt(self, stripe: StripeProvider, recorder: Recorder, key: str) -> None:
        reference = opened(stripe, key)
        recorder.plan(CONFIRM, lost=True)
        with pytest.raises(OutcomeUnknown):
            stripe.confirm(key, reference)
        assert stripe.look_up_opened(reference) == Charged(reference=reference)

    def test_of_stripe_leaves_a_doubt_and_is_not_repeated_by_the_library(
        self, stripe: StripeProvider, recorder: Recorder, key: str
    ) -> None:
        reference = opened(stripe, key)
        recorder.plan(CONFIRM, instead=BROKEN)
        with pytest.raises(library.APIError):
            stripe.confirm(key, reference)
        assert recorder.times(CONFIRM) == 1

    def test_to_answer_in_time_leaves_a_doubt(
        self, stripe: StripeProvider, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setattr("payments.stripe.provider.ASKING", (0.2, 0.2))
        impatient = StripeProvider()
        held = recorder.plan(CREATE, held=True)
        with pytest.raises(OutcomeUnknown):
            impatient.capture(key, EUROS, VISA)
        held.released.set()

    def test_is_known_before_the_engine_gives_up(self) -> None:
        look_up_confirm_and_cancel = 2 * sum(LOOKING) + sum(ASKING)
        assert look_up_confirm_and_cancel <= gateway.TIMEOUT


class TestARefund:
    def test_gives_the_money_back_once(self, stripe: StripeProvider, recorder: Recorder, key: str) -> None:
        reference, refund_key = charged(stripe, key), f"{key}:refund:1"
        assert stripe.look_up_refund(refund_key, reference) is None
        given = stripe.refund(refund_key, reference, EUROS)
        assert isinstance(given, Refunded)
        assert stripe.refund(refund_key, reference, EUROS) == given
        recorder.forget_keys()
        assert stripe.look_up_refund(refund_key, reference) == given
        assert stripe.look_up_refund(f"{key}:refund:2", reference) is None

    def test_that_stripe_refuses_is_refused(self, stripe: StripeProvider, recorder: Recorder, key: str) -> None:
        no = Answer.of(400, type="invalid_request_error", code="charge_already_refunded", message="No.")
        recorder.plan(REFUND, instead=no)
        answer = stripe.refund(f"{key}:refund:1", charged(stripe, key), EUROS)
        assert answer == RefundRefused(code="charge_already_refunded")

    @pytest.mark.parametrize(
        ("said", "code"),
        [('"status": "failed", "failure_reason": "expired_or_canceled_card"', "expired_or_canceled_card"),
         ('"status": "canceled"', "canceled")],
    )  # fmt: skip
    def test_that_has_failed_is_refused(
        self, stripe: StripeProvider, recorder: Recorder, key: str, said: str, code: str
    ) -> None:
        recorder.plan(REFUND, instead=Answer(200, f'{{"id": "re_1", "object": "refund", {said}}}'.encode()))
        assert stripe.refund(f"{key}:refund:1", "pi_1", EUROS) == RefundRefused(code=code)

    def test_that_is_pending_is_in_doubt(self, stripe: StripeProvider, recorder: Recorder, key: str) -> None:
        pending = b'{"id": "re_1", "object": "refund", "status": "pending"}'
        recorder.plan(REFUND, instead=Answer(200, pending))
        with pytest.raises(OutcomeUnknown, match="is pending"):
            stripe.refund(f"{key}:refund:1", "pi_1", EUROS)
