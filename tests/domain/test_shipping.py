"""Shipping: a paid order with an address is shipped once, and its label bought once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from outbox import Event, Ignored, Waiting
from shipping import gateway
from shipping.events import (
    OrderShipped,
    ShipmentFailed,
    ShippedLine,
)
from shipping.gateway import LabelIntent
from shipping.models import Shipment
from shipping.reactions import BuyLabel, decide_cancellation, stop_shipment
from shipping.readers import (
    Address,
    LineToShip,
    OrderCancellationRequested,
    OrderCancelled,
    OrderPlaced,
    PaymentCaptured,
)
from shipping.sandbox import Away
from tests.domain.feeding import feed, statements

pytestmark = pytest.mark.django_db
LINES = (LineToShip(sku="MUG", quantity=2),)
UNDELIVERABLE, OUTAGE = "00000", "00001"
buy_label = BuyLabel()


def address(postal_code: str = "N1") -> Address:
    return Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB", postal_code=postal_code)


def placed(order_id: UUID, postal_code: str = "N1") -> OrderPlaced:
    return OrderPlaced(order_id=order_id, lines=LINES, ship_to=address(postal_code))


def paid(order_id: UUID) -> PaymentCaptured:
    return PaymentCaptured(order_id=order_id)


def cancelled(order_id: UUID) -> OrderCancelled:
    return OrderCancelled(order_id=order_id)


def wanted(order_id: UUID) -> OrderCancellationRequested:
    return OrderCancellationRequested(order_id=order_id)


def prepare(*news: OrderPlaced | PaymentCaptured) -> list[Any]:
    return feed(buy_label.prepare, *news)


def due(postal_code: str = "N1") -> PaymentCaptured:
    """An order that was paid just now; its label has still to be bought."""
    order_id = uuid4()
    prepare(placed(order_id, postal_code))
    return paid(order_id)


def being_bought(postal_code: str = "N1") -> LabelIntent:
    (intent,) = prepare(due(postal_code))
    assert isinstance(intent, LabelIntent)
    return intent


def bought(intent: LabelIntent) -> Event:
    (answer,) = feed(buy_label.record, buy_label.call(intent))
    assert isinstance(answer, Event)
    return answer


class TestJoining:
    def test_waits_for_the_payment(self) -> None:
        order_id = uuid4()
        assert prepare(placed(order_id)) == [Waiting(order_id, "payments.PaymentCaptured")]
        (intent,) = prepare(paid(order_id))
        shipment = Shipment.objects.get(order_id=order_id)
        assert intent == LabelIntent(order_id=order_id, key=str(shipment.pk), ship_to=address(), lines=LINES)
        assert shipment.state == "buying"

    def test_waits_for_the_order(self) -> None:
        order_id = uuid4()
        assert prepare(paid(order_id)) == [Waiting(order_id, "orders.OrderPlaced")]
        assert isinstance(prepare(placed(order_id))[0], LabelIntent)

    def test_any_order_of_arrival_and_any_repetition_ship_it_once(self) -> None:
        kinds: list[Callable[[UUID], OrderPlaced | PaymentCaptured]] = [placed, paid]
        for arrival in itertools.product(kinds, repeat=4):
            order_id = uuid4()
            intents = [one for event in arrival for one in prepare(event(order_id)) if isinstance(one, LabelIntent)]
            assert bool(intents) == (len(set(arrival)) == 2)
            assert len({intent.key for intent in intents}) <= 1
            answers = [one for intent in intents for one in feed(buy_label.record, buy_label.call(intent))]
            assert [type(answer) for answer in answers if isinstance(answer, Event)] == [OrderShipped] * bool(intents)


class TestBuyingTheLabel:
    def test_ships(self) -> None:
        intent = being_bought()
        assert (intent.ship_to, intent.lines) == (address(), LINES)
        answer = bought(intent)
        shipment = Shipment.objects.get(order_id=intent.order_id)
        assert shipment.shipped_at is not None
        assert answer == OrderShipped(
            order_id=intent.order_id,
            shipment_id=shipment.pk,
            carrier="Starling Post",
            tracking_number=shipment.tracking_number,
            lines=(ShippedLine(sku="MUG", quantity=2),),
            shipped_at=shipment.shipped_at,
        )
        assert shipment.state == "shipped"
        assert shipment.tracking_number.startswith("SP")

    def test_fails_if_the_carrier_refuses(self) -> None:
        intent = being_bought(UNDELIVERABLE)
        answer = bought(intent)
        assert isinstance(answer, ShipmentFailed)
        assert answer.reason == "address_undeliverable"
        shipment = Shipment.objects.get(order_id=intent.order_id)
        assert (shipment.state, shipment.failure, shipment.shipped_at) == ("failed", "address_undeliverable", None)

    def test_is_in_doubt_while_the_carrier_is_away_and_then_goes_on_by_the_same_key(self) -> None:
        intent = being_bought(OUTAGE)
        with pytest.raises(Away):
            buy_label.call(intent)
        assert buy_label.look_up(intent) is None
        assert isinstance(bought(intent), OrderShipped)

    def test_postcodes_mean_nothing_outside_the_sandbox(self, settings: object) -> None:
        settings.SANDBOX = False  # type: ignore[attr-defined]  # pytest-django's wrapper takes any setting
        assert isinstance(bought(being_bought(UNDELIVERABLE)), OrderShipped)

    def test_asked_twice_it_buys_one_label(self) -> None:
        intent = being_bought()
        first = buy_label.call(intent)
        assert buy_label.call(intent) == first == buy_label.look_up(intent)

    def test_recorded_twice_changes_nothing(self) -> None:
        intent = being_bought()
        outcome = buy_label.call(intent)
        feed(buy_label.record, outcome)
        assert feed(buy_label.record, outcome) == [Ignored(intent.order_id, "the shipment is already shipped")]

    def test_nothing_is_bought_for_a_shipment_stopped_meanwhile(self) -> None:
        event = due()
        feed(stop_shipment, cancelled(event.order_id))
        assert prepare(event) == [Ignored(event.order_id, "the shipment is already stopped")]

    def test_each_parcel_has_its_own_number(self) -> None:
        outcomes = [buy_label.call(being_bought()) for _ in range(20)]
        answers = feed(buy_label.record, *outcomes)
        assert len({answer.tracking_number for answer in answers}) == 20

    def test_the_sandbox_is_the_default_carrier(self) -> None:
        assert gateway.carrier().name == "Starling Post"


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    assert _counts(1) == _counts(50) == [1, 2, 2, 3, 2]


def _counts(size: int) -> list[int]:
    order_ids = [uuid4() for _ in range(size)]
    drafted = statements(buy_label.prepare, *map(placed, order_ids))
    prepared = statements(buy_label.prepare, *map(paid, order_ids))
    outcomes = [buy_label.call(being_bought()) for _ in range(size)]
    recorded = statements(buy_label.record, *outcomes)
    decided = statements(decide_cancellation, *(wanted(uuid4()) for _ in range(size)))
    return [
        drafted,
        prepared,
        recorded,
        decided,
        statements(stop_shipment, *map(cancelled, map(_new, outcomes))),
    ]


def _new(_: object) -> UUID:
    return uuid4()


@pytest.mark.parametrize(
    ("sandbox", "carrier", "found"),
    [
        (True, gateway.SANDBOX_CARRIER, []),
        (False, "", ["shipping.E001"]),
        (False, gateway.SANDBOX_CARRIER, ["shipping.E001"]),
        (False, "shipping.gateway.Carrier", []),
        (True, "", ["shipping.E002"]),
    ],
)
def test_a_check_demands_a_real_carrier_outside_the_sandbox(
    settings: Settings, sandbox: bool, carrier: str, found: list[str]
) -> None:
    settings.SANDBOX, settings.CARRIER = sandbox, carrier
    assert [error.id for error in run_checks(tags=["shipping"])] == found
