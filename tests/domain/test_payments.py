"""Payments: money is taken once, when order and stock are known, and never for a cancelled order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.checks import run_checks

from outbox import Event, Ignored, Money, Waiting
from payments import gateway
from payments.events import PaymentCaptured, PaymentDeclined, PaymentVoided
from payments.gateway import CaptureIntent
from payments.models import Payment
from payments.reactions import CapturePayment, close_payment
from payments.readers import OrderCancelled, OrderPlaced, StockReserved
from tests.domain.feeding import feed, statements

EUROS = Money(amount=4_998, currency="EUR")
DECLINED = "pm_card_declined_insufficient_funds"
capture_payment = CapturePayment()


def placed(order_id: UUID, method: str = "pm_card_ok") -> OrderPlaced:
    return OrderPlaced(order_id=order_id, total=EUROS, payment_method=method)


def reserved(order_id: UUID) -> StockReserved:
    return StockReserved(order_id=order_id)


def due(method: str = "pm_card_ok") -> StockReserved:
    """An order whose stock was reserved just now; the provider has still to be asked."""
    order_id = uuid4()
    prepare(placed(order_id, method))
    return reserved(order_id)


def prepare(*news: OrderPlaced | StockReserved) -> list[Any]:
    return feed(capture_payment.prepare, *news)


def capture(*news: OrderPlaced | StockReserved) -> list[Event]:
    outcomes = [capture_payment.call(intent) for intent in prepare(*news)]
    return feed(capture_payment.record, *outcomes)


def payment_of(event: StockReserved) -> Payment:
    return Payment.objects.get(order_id=event.order_id)


@pytest.mark.django_db
class TestJoining:
    def test_waits_for_the_stock_and_then_starts(self) -> None:
        order_id = uuid4()
        assert prepare(placed(order_id)) == [Waiting(order_id, "inventory.StockReserved")]
        (intent,) = prepare(reserved(order_id))
        payment = Payment.objects.get(order_id=order_id)
        key = f"{payment.pk}:1"
        assert intent == CaptureIntent(order_id=order_id, key=key, amount=EUROS, method="pm_card_ok")
        assert payment.state == "capturing"

    def test_waits_for_the_order_and_then_starts_with_what_it_says(self) -> None:
        order_id = uuid4()
        assert prepare(reserved(order_id)) == [Waiting(order_id, "orders.OrderPlaced")]
        (intent,) = prepare(placed(order_id))
        assert (intent.amount, intent.method) == (EUROS, "pm_card_ok")

    def test_any_order_of_arrival_and_any_repetition_take_it_once(self) -> None:
        events: list[Callable[[UUID], OrderPlaced | StockReserved]] = [placed, reserved]
        for arrival in itertools.product(events, repeat=4):
            order_id = uuid4()
            intents = [one for event in arrival for one in prepare(event(order_id)) if isinstance(one, CaptureIntent)]
            assert bool(intents) == (len(set(arrival)) == 2)
            assert len({intent.key for intent in intents}) <= 1
            taken = [one for intent in intents for one in feed(capture_payment.record, capture_payment.call(intent))]
            assert [type(answer) for answer in taken if isinstance(answer, Event)] == [PaymentCaptured] * bool(intents)

    def test_does_not_start_for_an_order_cancelled_before_anything_was_known(self) -> None:
        order_id = uuid4()
        assert feed(close_payment, OrderCancelled(order_id=order_id)) == [
            PaymentVoided(order_id=order_id, payment_id=None)
        ]
        for event in (reserved(order_id), placed(order_id)):
            assert prepare(event) == [Ignored(order_id, "the payment is already voided")]

    def test_mixes_both_events_in_a_batch(self) -> None:
        first, second = sorted([uuid4(), uuid4()])
        prepare(placed(second), reserved(first))
        answers = prepare(placed(first), reserved(second))
        assert [type(answer) for answer in answers] == [CaptureIntent] * 2


@pytest.mark.django_db
class TestCapturing:
    def test_takes_the_money(self) -> None:
        event = due()
        (answer,) = capture(event)
        assert isinstance(answer, PaymentCaptured)
        payment = payment_of(event)
        assert (answer.payment_id, answer.attempt, answer.amount) == (payment.pk, 1, EUROS)
        assert (payment.state, payment.provider, payment.provider_ref) == ("captured", "sandbox", answer.provider_ref)

    @pytest.mark.parametrize(
        ("method", "code"), [(DECLINED, "insufficient_funds"), ("pm_no_such_card", "unknown_method")]
    )
    def test_says_why_it_was_declined(self, method: str, code: str) -> None:
        event = due(method)
        answers = capture(event)
        payment = payment_of(event)
        assert answers == [PaymentDeclined(order_id=event.order_id, payment_id=payment.pk, attempt=1, code=code)]
        assert payment.decline_code == code

    def test_asks_again_under_the_same_key_when_nothing_was_recorded(self) -> None:
        event = due()
        (first,) = prepare(event)
        taken = capture_payment.call(first)
        (again,) = prepare(event)
        assert again == first
        assert capture_payment.look_up(again) == capture_payment.call(again) == taken

    def test_looks_up_nothing_where_nothing_was_asked(self) -> None:
        (intent,) = prepare(due())
        assert capture_payment.look_up(intent) is None

    def test_recorded_twice_changes_nothing(self) -> None:
        event = due()
        (intent,) = prepare(event)
        outcome = capture_payment.call(intent)
        feed(capture_payment.record, outcome)
        assert feed(capture_payment.record, outcome) == [Ignored(event.order_id, "the payment is already captured")]
        assert prepare(event) == [Ignored(event.order_id, "the payment is already captured")]

    def test_does_not_ask_for_a_voided_payment(self) -> None:
        event = due()
        (voided,) = feed(close_payment, OrderCancelled(order_id=event.order_id))
        assert voided == PaymentVoided(order_id=event.order_id, payment_id=payment_of(event).pk)
        assert prepare(event) == [Ignored(event.order_id, "the payment is already voided")]


@pytest.mark.django_db
class TestVoiding:
    def test_of_a_waiting_payment(self) -> None:
        order_id = uuid4()
        prepare(placed(order_id))
        (answer,) = feed(close_payment, OrderCancelled(order_id=order_id))
        assert answer == PaymentVoided(order_id=order_id, payment_id=Payment.objects.get(order_id=order_id).pk)

    def test_twice_changes_nothing(self) -> None:
        cancelled = OrderCancelled(order_id=uuid4())
        feed(close_payment, cancelled)
        assert feed(close_payment, cancelled) == [Ignored(cancelled.order_id, "already closed by PaymentVoided")]

    def test_of_a_declined_payment_is_not_needed(self) -> None:
        event = due(DECLINED)
        capture(event)
        cancelled = OrderCancelled(order_id=event.order_id)
        assert feed(close_payment, cancelled) == [Ignored(event.order_id, "already closed by PaymentDeclined")]


@pytest.mark.django_db
def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(2) == _counts(50)
    assert max(_counts(2)) <= 3


def _counts(size: int) -> Sequence[int]:
    order_ids = [uuid4() for _ in range(size)]
    methods = itertools.cycle(["pm_card_ok", DECLINED])
    first = statements(capture_payment.prepare, *map(placed, order_ids, methods))
    last = statements(capture_payment.prepare, *map(reserved, order_ids))
    outcomes = [capture_payment.call(intent) for intent in prepare(*map(reserved, order_ids))]
    cancelled = statements(close_payment, *(OrderCancelled(order_id=uuid4()) for _ in range(size)))
    return [first, last, cancelled, statements(capture_payment.record, *outcomes)]


@pytest.mark.django_db
def test_the_sandbox_is_the_default_provider() -> None:
    assert gateway.provider().name == "sandbox"


@pytest.mark.parametrize(
    ("sandbox", "provider", "found"),
    [
        (True, gateway.SANDBOX_PROVIDER, []),
        (False, "", ["payments.E001"]),
        (False, gateway.SANDBOX_PROVIDER, ["payments.E001"]),
        (False, "payments.gateway.Provider", []),
        (False, "payments.nowhere.Provider", ["payments.E002"]),
        (True, "", ["payments.E002"]),
    ],
)
def test_a_check_demands_a_real_provider_outside_the_sandbox(
    settings: Any, sandbox: bool, provider: str, found: list[str]
) -> None:
    settings.SANDBOX, settings.PAYMENT_PROVIDER = sandbox, provider
    assert [error.id for error in run_checks(tags=["payments"])] == found
