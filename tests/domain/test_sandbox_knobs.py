"""What steers the sandbox: methods that are declined, lost, slow, or cannot be given back; and a slow provider."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest

from inventory.services import set_stock
from orders.models import Order
from outbox import Money
from outbox.models import Attempt
from outbox.testing import run_until_quiet
from payments import gateway, sandbox
from payments.gateway import Charged, Declined, OutcomeUnknown
from payments.sandbox import METHODS, SandboxProvider
from tests.domain.journeys import bring_to_the_end, happened, order, status

EUROS = Money(amount=4_998, currency="EUR")


@pytest.fixture
def provider(db: None) -> SandboxProvider:
    provider = gateway.provider()
    assert isinstance(provider, SandboxProvider)
    return provider


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_card_declined_insufficient_funds", "insufficient_funds"),
        ("pm_card_declined_expired", "expired_card"),
        ("pm_card_of_nobody", "unknown_method"),
    ],
)
def test_a_method_is_declined_with_its_code(provider: SandboxProvider, method: str, code: str) -> None:
    assert provider.capture(str(uuid4()), EUROS, method) == Declined(code=code)


@pytest.mark.parametrize("method", METHODS)
def test_outside_the_sandbox_no_test_method_means_anything(
    provider: SandboxProvider, settings: Any, method: str
) -> None:
    settings.SANDBOX = False
    assert provider.capture(str(uuid4()), EUROS, method) == Declined(code="unknown_method")


def test_an_answer_that_is_lost_is_found_by_looking_up(provider: SandboxProvider) -> None:
    key = str(uuid4())
    with pytest.raises(OutcomeUnknown):
        provider.capture(key, EUROS, "pm_card_timeout_unknown")
    found = provider.look_up(key)
    assert isinstance(found, Charged)
    assert provider.capture(key, EUROS, "pm_card_timeout_unknown") == found


def test_a_slow_charge_is_undecided_until_it_is_decided(
    provider: SandboxProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CLIENT_TIMEOUT", 0.1)
    key = str(uuid4())
    with pytest.raises(OutcomeUnknown):
        provider.capture(key, EUROS, "pm_card_slow_20s")
    with pytest.raises(OutcomeUnknown):
        provider.look_up(key)
    with provider.ledger.connection() as connection:  # nineteen of its seconds pass
        connection.execute(
            "UPDATE sandbox_provider.charge SET decided_at = now() + interval '1 s' WHERE key = %s", [key]
        )
    monkeypatch.setattr(sandbox, "CLIENT_TIMEOUT", 5.0)
    found = provider.capture(key, EUROS, "pm_card_slow_20s")
    assert isinstance(found, Charged)
    assert provider.look_up(key) == found


@pytest.mark.django_db(transaction=True)
def test_an_order_whose_charge_was_lost_is_shipped_after_a_look_up() -> None:
    order_id = order("pm_card_timeout_unknown")
    run_until_quiet()
    assert status(order_id) == "reserved"
    bring_to_the_end()
    assert status(order_id) == "shipped"
    assert [attempt.exception for attempt in Attempt.objects.all()] == ["OutcomeUnknown"]


@pytest.mark.django_db(transaction=True)
def test_an_order_is_shipped_after_an_outage_of_the_carrier() -> None:
    order_id = order(postal_code="00001")
    bring_to_the_end()
    assert (status(order_id), "ShipmentFailed" in happened(order_id)) == ("shipped", False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("on", [True, False])
def test_an_order_is_marked_as_one_of_the_sandbox(settings: Any, on: bool) -> None:
    settings.SANDBOX = on
    assert Order.objects.get(pk=order()).sandbox is on


class SlowProvider(SandboxProvider):
    """Takes a second for each charge; `began` and `ended` are when it took which."""

    def __init__(self) -> None:
        super().__init__()
        self.began: list[float] = []
        self.ended: list[float] = []

    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined:
        self.began.append(time.monotonic())
        threading.Event().wait(1)
        answer = super().capture(key, amount, method)
        self.ended.append(time.monotonic())
        return answer


@pytest.mark.django_db(transaction=True)
def test_a_hundred_captures_of_a_second_each_take_less_than_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowProvider()
    monkeypatch.setattr("payments.gateway.asking.provider", lambda: slow)
    order_ids = [order(quantity=1) for _ in range(100)]
    set_stock(levels={"MUG": 100})
    run_until_quiet()
    slow.close()
    assert Order.objects.filter(pk__in=order_ids, status="shipped").count() == 100
    assert len(slow.began) == 100
    assert max(slow.ended) - min(slow.began) < 10  # what else happens to a hundred orders is another matter
