"""`manage.py refold`: what does not fit an order's events is shown, and mended only when asked."""

from __future__ import annotations

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from orders import services
from orders.models import Order
from tests.domain.journeys import bring_to_the_end, held_up, order, status

pytestmark = pytest.mark.django_db(transaction=True)


def refold(*options: str) -> str:
    out = StringIO()
    call_command("refold", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def shipped() -> UUID:
    order_id = order()
    bring_to_the_end()
    return order_id


def test_says_nothing_of_what_fits(shipped: UUID) -> None:
    expected = "1 orders examined, 0 do not fit their events, 0 mended.\n"
    assert refold("--check") == refold() == expected


def test_works_on_an_empty_database() -> None:
    assert refold() == "0 orders examined, 0 do not fit their events, 0 mended.\n"


def test_checking_shows_and_changes_nothing(shipped: UUID) -> None:
    Order.objects.update(status="paid", seen=["payments.PaymentCaptured", "shipping.ShipmentFailed"])
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 orders examined, 1 do not fit their events, 0 mended\.$"):
        call_command("refold", "--check", stdout=out)
    assert f"({shipped}): status paid, by its events shipped; has not seen inventory.StockC" in out.getvalue()
    assert "has seen what never happened: shipping.ShipmentFailed" in out.getvalue()
    assert status(shipped) == "paid"


def test_shows_and_mends(shipped: UUID) -> None:
    before = Order.objects.get(pk=shipped)
    Order.objects.update(status="placed", seen=[])
    said = refold()
    assert f"({shipped}): status placed, by its events shipped" in said
    assert said.endswith("1 orders examined, 1 do not fit their events, 1 mended.\n")
    after = Order.objects.get(pk=shipped)
    assert (after.status, after.seen) == (before.status, before.seen)
    assert "0 do not fit" in refold("--check")


def test_does_not_take_the_status_of_an_order_whose_events_are_gone(shipped: UUID) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL outbox.maintenance = 'on'; DELETE FROM outbox_event")
    with pytest.raises(CommandError, match="1 do not fit their events, 0 mended"):
        refold()
    assert status(shipped) == "shipped"


def test_what_it_folds_ahead_of_the_delivery_is_folded_once() -> None:
    order_id = order()
    with held_up("orders.track_progress"):
        assert "has not seen" in refold()
        assert status(order_id) == "shipped"
    bring_to_the_end()
    assert "0 do not fit" in refold("--check")


def test_goes_through_all_orders_in_batches() -> None:
    orders = sorted(order(quantity=1) for _ in range(5))
    batches = list(services.in_batches(size=2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [order_id for batch in batches for order_id in batch] == orders
