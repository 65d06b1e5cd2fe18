"""The queries behind the pages, and how times are written."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from orders.admin import in_major_unit
from outbox.admin import event_history, history, in_words
from tests.admin.rows import a_delivery, an_event


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "0 ms"),
        (timedelta(milliseconds=12.4), "12 ms"),
        (timedelta(milliseconds=999.6), "1.0 s"),
        (timedelta(seconds=4.24), "4.2 s"),
        (timedelta(seconds=59.96), "1 min 0 s"),
        (timedelta(minutes=3, seconds=4), "3 min 4 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=2, hours=4), "2 d 4 h"),
        (timedelta(milliseconds=-3), "-3 ms"),
    ],
)
def test_a_duration_in_words(duration: timedelta, words: str) -> None:
    assert in_words(duration).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (0, "EUR", "0.00 EUR"),
        (5, "EUR", "0.05 EUR"),
        (123450, "EUR", "1,234.50 EUR"),
        (1234, "JPY", "1,234 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (-1205, "EUR", "-12.05 EUR"),
    ],
)
def test_money_in_its_major_unit(amount: int, currency: str, words: str) -> None:
    assert in_major_unit(amount, currency) == words


@pytest.mark.django_db
class TestAHistory:
    def test_of_nothing_is_empty(self) -> None:
        assert event_history(uuid4()).events == []

    def test_that_is_too_long_says_that_it_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "LONGEST", 2)
        order_id = uuid4()
        events = [an_event(order_id=order_id) for _ in range(3)]
        told = event_history(order_id)
        assert told.is_cut
        assert [event.row for event in told.events] == events[:2]

    def test_counts_deliveries_by_state(self) -> None:
        placed = an_event(order_id=uuid4())
        for app, state in (("inventory", "done"), ("payments", "done"), ("shipping", "parked")):
            a_delivery(placed, f"{app}.react", state=state)
        assert event_history(placed.order_id).counts == [("done", 2), ("parked", 1)]

    def test_does_not_take_the_start_of_an_earlier_attempt_for_that_of_the_next(self) -> None:
        placed = an_event(order_id=uuid4())
        a_delivery(placed, state="waiting", attempts=1)
        (delivery,) = event_history(placed.order_id).unfinished
        assert delivery.waited == delivery.now - placed.occurred_at

    def test_finds_a_cause_in_another_order(self) -> None:
        cause = an_event(order_id=uuid4())
        effect = an_event(order_id=uuid4(), because_of=cause)
        (told,) = event_history(effect.order_id).events
        assert told.cause == cause
