"""`manage.py explain ORDER`: the answer at the terminal."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order
from tests.domain.journeys import bring_to_the_end, order

pytestmark = pytest.mark.django_db(transaction=True)


def explain(*arguments: str) -> str:
    out = StringIO()
    call_command("explain", *arguments, stdout=out)
    return out.getvalue()


def test_tells_the_answer_the_events_what_remains_and_the_books() -> None:
    order_id = order(quantity=100)
    bring_to_the_end()
    number = Order.objects.get(pk=order_id).number
    told = explain(number)
    assert told.startswith(f"{number} ({order_id}): cancelled\nCancelled at ")
    assert "because the stock did not suffice (inventory.StockReservationFailed at " in told
    assert told.index("orders.OrderPlaced #") < told.index("inventory.StockReservationFailed #")
    assert "What remains\n  nothing\n" in told
    assert "payments   closed by payments.PaymentVoided at " in told


def test_tells_who_owes_what_until_when_and_why() -> None:
    told = explain(str(order()))
    assert "inventory.reserve_stock: StockReserved or StockReservationFailed, for orders.OrderPlaced #" in told
    assert ", by " in told
    assert "; relay down" in told
    assert "No relay is at work: there has been no sign of life." in told


def test_tells_the_same_to_programs() -> None:
    order_id = order(quantity=100)
    placed = json.loads(explain(str(order_id), "--json"))
    reserve = next(one for one in placed["remains"] if one["reaction"] == "inventory.reserve_stock")
    assert reserve["one_of"] == ["inventory.StockReserved", "inventory.StockReservationFailed"]
    assert (reserve["reason"], reserve["needs_somebody"]) == ("relay down", True)
    assert placed["answer"].startswith("Waiting for inventory since ")
    bring_to_the_end()
    cancelled = json.loads(explain(str(order_id), "--json"))
    assert cancelled["remains"] == []
    assert [book["closed_by"]["name"] for book in cancelled["books"]] == [
        "inventory.StockReservationFailed",
        "payments.PaymentVoided",
        "shipping.ShipmentStopped",
    ]


def test_finds_an_order_by_the_beginning_of_its_id_or_number() -> None:
    order_id = order()
    number = Order.objects.get(pk=order_id).number
    for term in (str(order_id)[:9], number.lower(), number[:9], order_id.hex.upper()):
        assert explain(term).startswith(f"{number} ({order_id}): placed\n")


@pytest.mark.parametrize("term", ["ORD-9999-000001", "ffffffff", "", "%", "\x00", "💥", "x" * 5000])
def test_says_that_there_is_no_such_order(term: str) -> None:
    order()
    with pytest.raises(CommandError, match=r"There is no order .*neither a number nor an id begins with it"):
        explain(term)


def test_asks_for_more_when_several_are_meant() -> None:
    order(quantity=1), order(quantity=1)
    with pytest.raises(CommandError, match=r"Several orders begin with 'ORD', such as ORD-.*, ORD-.*; say more of it"):
        explain("ORD")
