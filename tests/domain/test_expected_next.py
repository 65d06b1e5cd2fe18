"""What a customer is told of what is still to come: true, in plain words, and nothing of how we work inside."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from orders.serializers.expecting import FINDING_OUT, GIVING_BACK, OWED, PAYING, RESERVING, SHIPPING, WRITING
from outbox.testing import deliver, run_until_quiet
from tests.api.conftest import client_of
from tests.domain.journeys import bring_to_the_end, cancel, held_up, order

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER_LOST = "pm_card_timeout_unknown"


def expected(order_id: UUID) -> list[dict[str, Any]]:
    """What the order's customer is told over HTTP."""
    api = client_of(User.objects.get(username="ada"))
    found: list[dict[str, Any]] = api.get(f"/api/v1/orders/{order_id}").json()["expected_next"]
    return found


def what(order_id: UUID) -> list[str]:
    return [one["what"] for one in expected(order_id)]


def test_of_a_new_order_everything_is_still_to_come() -> None:
    order_id = order()
    assert what(order_id) == [RESERVING, PAYING, SHIPPING, WRITING]
    first = expected(order_id)[0]
    assert first["events"] == ["inventory.StockReserved", "inventory.StockReservationFailed"]
    assert first["by"] > Order.objects.get(pk=order_id).placed_at.isoformat()


def test_of_an_order_that_waits_for_its_payment() -> None:
    order_id = order(ANSWER_LOST)
    run_until_quiet()
    assert what(order_id) == [PAYING, SHIPPING]
    assert expected(order_id)[1]["by"] is None


def test_of_an_order_that_is_done_nothing() -> None:
    order_id = order()
    run_until_quiet()
    assert expected(order_id) == []


def test_of_an_order_that_is_cancelled_while_its_payment_is_captured() -> None:
    order_id = order(ANSWER_LOST)
    run_until_quiet()
    cancel(order_id)
    run_until_quiet()
    assert what(order_id) == [FINDING_OUT]


def test_of_money_that_is_owed() -> None:
    order_id = order("pm_card_ok_refund_fails")
    with held_up("shipping.buy_label", "payments.refund_payment"):
        cancel(order_id)
        run_until_quiet()
        assert what(order_id) == [GIVING_BACK]
    bring_to_the_end()
    assert what(order_id) == [OWED]


def test_names_no_reaction_and_no_error() -> None:
    order_id = order(ANSWER_LOST)
    run_until_quiet()
    told = json.dumps(expected(order_id))
    assert not any(inside in told for inside in ("capture_payment", "OutcomeUnknown", "attempt", "relay", "worker"))


def test_takes_the_same_statements_however_long_the_history() -> None:
    order_id = order()
    deliver()
    few = _statements(order_id)
    run_until_quiet()
    assert _statements(order_id) == few


def _statements(order_id: UUID) -> int:
    with CaptureQueriesContext(connection) as queries:
        expected(order_id)
    return len(queries)
