"""Parts of the money that go back at Stripe over HTTP, while the order goes on and until it is cancelled."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import User

from inventory.services import set_stock
from orders.models import Product
from orders.services import place_order
from outbox import Money
from outbox.models import Attempt
from payments.models import Refund
from payments.services import RefundInProgress, refund_part, retry_part
from payments.stripe import StripeProvider
from tests.domain.journeys import address, bring_to_the_end, cancel, held_up, order, status
from tests.payments_stripe.ledger import charges
from tests.payments_stripe.recorder import LOOK_FOR_REFUNDS, REFUND, Answer, Asked, Recorder
from tests.payments_stripe.test_journeys import SHIPPING, TOTAL, VISA, payment, shipped

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stripe")]


def give(order_id: UUID, amount: int, currency: str = "EUR") -> Refund:
    """Starts to give a part back; the provider has not been asked yet."""
    money = Money(amount=amount, currency=currency)
    return refund_part(payment_id=payment(order_id).pk, amount=money, reason="damaged")


def given(order_id: UUID, amount: int, currency: str = "EUR") -> Refund:
    """Gives a part back; returns what became of it."""
    part = give(order_id, amount, currency)
    bring_to_the_end()
    part.refresh_from_db()
    return part


def asked_for(recorder: Recorder) -> list[Asked]:
    return [asked for asked in recorder.asked if str(asked) == REFUND]


def never_arrives(recorder: Recorder) -> None:
    """The next refund is asked for, and lost on its way to Stripe."""
    recorder.plan(REFUND, held=True, lost=True).released.set()


def paid_in_dinars() -> UUID:
    """An order of 4.000 KWD, of which Stripe takes multiples of ten fils only."""
    Product.objects.create(sku="POT", name="Pot", unit_price=2_000, currency="KWD")
    set_stock(levels={"POT": 2})
    customer = User.objects.create_user("grace", "grace@example.com")
    placed = place_order(customer=customer, lines=[("POT", 2)], payment_method=VISA, ship_to=address())
    bring_to_the_end()
    assert status(placed.pk) == "shipped"
    return placed.pk


class TestTwoParts:
    def test_one_after_the_other_go_back_under_keys_of_their_own(self, company: int, recorder: Recorder) -> None:
        order_id = shipped()
        first, second = given(order_id, 500), given(order_id, 250)
        assert (first.state, second.state, status(order_id)) == ("refunded", "refunded", "shipped")
        assert charges(company, order_id) == [(TOTAL, 750)]
        assert [
            (one.key, one.form["metadata[murmuration_key]"], one.form["amount"]) for one in asked_for(recorder)
        ] == [
            (first.key, first.key, "500"),
            (second.key, second.key, "250"),
        ]
        assert first.provider_ref != second.provider_ref

    def test_at_once_go_back_and_no_more_than_was_taken(self, company: int) -> None:
        order_id = shipped()
        give(order_id, TOTAL - 500)
        give(order_id, 500)
        with pytest.raises(RefundInProgress):
            give(order_id, 1)
        bring_to_the_end()
        assert charges(company, order_id) == [(TOTAL, TOTAL)]


class TestACancellationAfterwards:
    def test_gives_back_the_rest(self, company: int, recorder: Recorder) -> None:
        order_id = order(VISA)
        with held_up(SHIPPING):
            give(order_id, 500)
        with held_up(SHIPPING):
            assert charges(company, order_id) == [(TOTAL, 500)]
            cancel(order_id)
        bring_to_the_end()
        assert (status(order_id), payment(order_id).state) == ("cancelled", "refunded")
        assert [asked.form["amount"] for asked in asked_for(recorder)] == ["500", str(TOTAL - 500)]
        assert charges(company, order_id) == [(TOTAL, TOTAL)]

    def test_waits_for_the_part_whose_answer_was_lost(self, company: int, recorder: Recorder) -> None:
        recorder.plan(REFUND, lost=True)
        order_id = order(VISA)
        with held_up(SHIPPING):
            give(order_id, 500)
        with held_up(SHIPPING):
            cancel(order_id)
        bring_to_the_end()
        assert status(order_id) == "cancelled"
        assert [asked.form["amount"] for asked in asked_for(recorder)] == ["500", str(TOTAL - 500)]
        assert charges(company, order_id) == [(TOTAL, TOTAL)]


class TestInDoubt:
    def test_a_lost_answer_is_looked_up_and_not_repeated(self, company: int, recorder: Recorder) -> None:
        order_id = shipped()
        recorder.plan(REFUND, lost=True)
        part = given(order_id, 500)
        assert Attempt.objects.get().exception == "OutcomeUnknown"
        assert (recorder.times(REFUND), recorder.times(LOOK_FOR_REFUNDS)) == (1, 1)
        assert (part.state, part.attempt, charges(company, order_id)) == ("refunded", 1, [(TOTAL, 500)])

    def test_the_part_before_it_is_not_taken_for_it(self, company: int, recorder: Recorder) -> None:
        """Both are of the same amount, and Stripe has never seen the second."""
        order_id = shipped()
        first = given(order_id, 500)
        never_arrives(recorder)
        second = given(order_id, 500)
        assert recorder.times(LOOK_FOR_REFUNDS) == 1
        assert [asked.key for asked in asked_for(recorder)] == [first.key, second.key, second.key]
        assert (second.state, charges(company, order_id)) == ("refunded", [(TOTAL, 1_000)])
        assert first.provider_ref != second.provider_ref

    def test_after_more_than_stripe_lists_at_once_it_is_still_found(
        self, stripe: StripeProvider, recorder: Recorder
    ) -> None:
        page = '{{"object": "list", "url": "/v1/refunds", "has_more": {more}, "data": [{{"object": "refund", '
        page += '"id": "{id}", "status": "succeeded", "metadata": {{"murmuration_key": "{key}"}}}}]}}'
        for more, id, key in (("true", "re_2", "x:part:y:1"), ("false", "re_1", "x:part:x:1")):
            recorder.plan(LOOK_FOR_REFUNDS, instead=Answer(200, page.format(more=more, id=id, key=key).encode()))
        found = stripe.look_up_refund("x:part:x:1", "pi_1")
        assert found is not None
        assert getattr(found, "reference", "") == "re_1"
        assert "starting_after=re_2" in recorder.asked[-1].path


class TestRefused:
    def test_it_is_owed_until_staff_tries_again(self, company: int, recorder: Recorder) -> None:
        order_id = shipped()
        no = Answer.of(400, type="invalid_request_error", code="charge_disputed", message="No.")
        recorder.plan(REFUND, instead=no)
        part = given(order_id, 500)
        assert (part.state, part.code, payment(order_id).giving_back) == ("refund_failed", "charge_disputed", 0)
        assert charges(company, order_id) == [(TOTAL, 0)]
        retry_part(refund_id=part.pk)
        bring_to_the_end()
        part.refresh_from_db()
        assert (part.state, part.code, charges(company, order_id)) == ("refunded", "", [(TOTAL, 500)])
        assert [asked.key[-2:] for asked in asked_for(recorder)] == [":1", ":2"]

    def test_without_a_code_it_is_not_called_a_decline(self, recorder: Recorder) -> None:
        order_id = shipped()
        no = Answer.of(400, type="invalid_request_error", param="amount", message="It is greater than what is left.")
        recorder.plan(REFUND, instead=no)
        assert given(order_id, 500).code == "invalid_request"

    def test_an_amount_that_stripe_cannot_give_is_not_rounded_and_not_asked_for(
        self, company: int, recorder: Recorder
    ) -> None:
        order_id = paid_in_dinars()
        part = given(order_id, 1_234, "KWD")
        assert (part.state, part.code, recorder.times(REFUND)) == ("refund_failed", "invalid_amount", 0)
        assert given(order_id, 1_230, "KWD").state == "refunded"
        assert charges(company, order_id) == [(4_000, 1_230)]
