"""The time to pay ends for what is not begun, and an outage of ours is not the customer's delay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models.functions import Now

from outbox import Ignored, NotReadyYet, database_time
from outbox.models import Attempt, Delivery
from outbox.testing import let_pass, make_due
from payments.events import PaymentExpired
from payments.gateway import CaptureIntent
from payments.models import Payment
from payments.reactions import close_payment, expire_payment
from tests.domain.feeding import feed, statements
from tests.domain.journeys import bring_to_the_end, happened, held_up, known_order, status
from tests.domain.test_payments import due, payment_of, placed, prepare, reserved
from tests.domain.test_refunds import cancelled, captured, capturing

pytestmark = pytest.mark.django_db

RESERVE, CAPTURE, EXPIRE = "inventory.reserve_stock", "payments.capture_payment", "payments.expire_payment"


class TestTheDeadline:
    def test_ends_what_was_not_begun(self) -> None:
        event = due()
        assert isinstance(feed(expire_payment, event)[0], NotReadyYet)
        payment_id = payment_of(event).pk
        assert feed(expire_payment, event) == [PaymentExpired(order_id=event.order_id, payment_id=payment_id)]
        assert prepare(event) == [Ignored(event.order_id, "the payment is already expired")]
        assert feed(close_payment, cancelled(event.order_id)) == [
            Ignored(event.order_id, "already closed by PaymentExpired")
        ]

    def test_leaves_the_decision_to_a_provider_that_was_asked(self) -> None:
        intent = capturing()
        decides = Ignored(intent.order_id, "the provider has been asked, and its answer decides")
        assert feed(expire_payment, reserved(intent.order_id)) == [decides]

    @pytest.mark.parametrize("known", [placed, reserved])
    def test_gives_our_own_outage_a_grace_whatever_is_known_by_then(self, settings: object, known: type) -> None:
        settings.PAYMENT_GRACE = timedelta(minutes=1)  # type: ignore[attr-defined]  # pytest-django's wrapper
        order_id = uuid4()
        for _ in range(2):
            assert isinstance(feed(expire_payment, reserved(order_id))[0], NotReadyYet)
            prepare(known(order_id))
        Payment.objects.update(state_since=Now() - timedelta(minutes=2))
        assert isinstance(feed(expire_payment, reserved(order_id))[0], PaymentExpired)

    def test_a_capture_that_begins_within_the_grace_counts(self) -> None:
        event = due()
        assert isinstance(feed(expire_payment, event)[0], NotReadyYet)
        assert payment_of(event).state == "in_grace"
        assert isinstance(prepare(event)[0], CaptureIntent)
        assert isinstance(feed(expire_payment, event)[0], Ignored)

    def test_says_nothing_of_what_is_paid(self) -> None:
        taken = captured()
        assert feed(expire_payment, reserved(taken.order_id)) == [
            Ignored(taken.order_id, "the payment is already captured")
        ]


@pytest.mark.django_db(transaction=True)
class TestAnOutage:
    def test_of_hours_leaves_the_grace_and_then_ends_the_time_to_pay(self) -> None:
        order_id = known_order()
        with held_up(CAPTURE, EXPIRE):
            let_pass(settings.PAYMENT_WINDOW + timedelta(hours=2))
        with held_up(CAPTURE):
            assert not Attempt.objects.exists()
        bring_to_the_end()
        assert (status(order_id), happened(order_id) >= {"PaymentExpired", "StockReleased"}) == ("cancelled", True)

    def test_before_the_stock_is_reserved_takes_none_of_the_time_to_pay(self) -> None:
        order_id = known_order()
        with held_up(RESERVE):
            let_pass(settings.PAYMENT_WINDOW + settings.PAYMENT_GRACE + timedelta(hours=2))
            make_due()
        bring_to_the_end()
        assert (status(order_id), "PaymentExpired" in happened(order_id)) == ("shipped", False)

    def test_replayed_the_timer_waits_for_its_time(self, capsys: pytest.CaptureFixture[str]) -> None:
        known_order()
        with held_up(CAPTURE):
            Delivery.objects.filter(reaction_id=EXPIRE).delete()
            call_command("replay", EXPIRE)
        assert "1 older events" in capsys.readouterr().out
        assert Delivery.objects.get(reaction_id=EXPIRE).due_at > database_time() + settings.PAYMENT_WINDOW / 2

    def test_is_not_asked_about_again_before_the_grace_is_over(self, settings: Any) -> None:
        settings.PAYMENT_GRACE = timedelta(minutes=5)
        known_order()
        with held_up(CAPTURE):
            make_due()
        timer = Delivery.objects.get(reaction_id=EXPIRE)
        assert timer.state == "waiting"
        assert timer.due_at > database_time() + timedelta(minutes=4)


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(2) == _counts(30) == [3, 3]


def _counts(size: int) -> list[int]:
    late = [due() for _ in range(size)]
    return [statements(expire_payment, *late) for _ in range(2)]
