"""Inventory: all or nothing, never below zero, and a book that closes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from inventory.events import (
    ReservedLine,
    Shortage,
    StockCommitted,
    StockReleased,
    StockReservationFailed,
    StockReserved,
)
from inventory.models import ImpossibleTransition, Reservation, Stock
from inventory.reactions import commit_stock, release_stock, reserve_stock
from inventory.readers import OrderCancelled, OrderPlaced, OrderShipped, WantedLine
from inventory.services import set_stock
from outbox import Ignored, NotReadyYet
from tests.domain.feeding import feed, statements
from tests.outbox.threads import DEADLINE, closing_connections, eventually, somebody_else


def placed(**quantities: int) -> OrderPlaced:
    lines = tuple(WantedLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())
    return OrderPlaced(order_id=uuid4(), lines=lines)


def stock(sku: str) -> tuple[int, int]:
    row = Stock.objects.get(sku=sku)
    return row.on_hand, row.reserved


def is_waited_for(backend: int) -> bool:
    """Whether somebody waits for a lock that this connection holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid)))", [backend])
        waits: bool = cursor.fetchone()[0]
    return waits


@pytest.mark.django_db
class TestReserving:
    def test_holds_every_line(self) -> None:
        set_stock(levels={"MUG": 5, "TEA": 5})
        order = placed(MUG=2, TEA=5)
        (answer,) = feed(reserve_stock, order)
        assert isinstance(answer, StockReserved)
        assert answer.lines == (ReservedLine(sku="MUG", quantity=2), ReservedLine(sku="TEA", quantity=5))
        assert answer.reservation_id == Reservation.objects.get(order_id=order.order_id).pk
        assert (stock("MUG"), stock("TEA")) == ((5, 2), (5, 5))

    def test_holds_nothing_if_one_line_is_short_and_says_all_that_are(self) -> None:
        set_stock(levels={"MUG": 5, "TEA": 5})
        (answer,) = feed(reserve_stock, placed(MUG=2, TEA=6, POT=1))
        assert isinstance(answer, StockReservationFailed)
        assert answer.shortages == (
            Shortage(sku="TEA", requested=6, available=5),
            Shortage(sku="POT", requested=1, available=0),
        )
        assert (stock("MUG"), stock("TEA")) == ((5, 0), (5, 0))

    def test_of_two_orders_in_a_batch_the_earlier_gets_the_last_unit(self) -> None:
        set_stock(levels={"MUG": 1})
        orders = sorted([placed(MUG=1), placed(MUG=1)], key=lambda order: order.order_id, reverse=True)
        first, second = feed(reserve_stock, *orders)
        assert (type(first), type(second)) == (StockReserved, StockReservationFailed)

    def test_an_order_that_is_refused_leaves_the_stock_to_the_next(self) -> None:
        set_stock(levels={"MUG": 3})
        answers = feed(reserve_stock, placed(MUG=4), placed(MUG=3))
        assert [type(answer) for answer in answers] == [StockReservationFailed, StockReserved]

    def test_adds_up_lines_of_the_same_sku(self) -> None:
        set_stock(levels={"MUG": 3})
        order = OrderPlaced(order_id=uuid4(), lines=(WantedLine(sku="MUG", quantity=2),) * 2)
        (answer,) = feed(reserve_stock, order)
        assert answer.shortages == (Shortage(sku="MUG", requested=4, available=3),)

    @pytest.mark.parametrize("on_hand", [5, 1])
    def test_twice_changes_nothing(self, on_hand: int) -> None:
        set_stock(levels={"MUG": on_hand})
        order = placed(MUG=2)
        feed(reserve_stock, order)
        before = stock("MUG")
        (answer,) = feed(reserve_stock, order)
        assert isinstance(answer, Ignored)
        assert stock("MUG") == before

    def test_holds_nothing_for_an_order_already_cancelled(self) -> None:
        set_stock(levels={"MUG": 5})
        order = placed(MUG=2)
        (closed,) = feed(release_stock, OrderCancelled(order_id=order.order_id))
        (answer,) = feed(reserve_stock, order)
        assert closed == StockReleased(order_id=order.order_id, reservation_id=None, lines=())
        assert answer == Ignored(order.order_id, "the reservation is already released")
        assert stock("MUG") == (5, 0)


@pytest.mark.django_db
class TestReleasing:
    def test_gives_back_what_was_held(self) -> None:
        set_stock(levels={"MUG": 5, "TEA": 5})
        order = placed(MUG=2, TEA=1)
        (held,) = feed(reserve_stock, order)
        (answer,) = feed(release_stock, OrderCancelled(order_id=order.order_id))
        assert answer == StockReleased(order_id=order.order_id, reservation_id=held.reservation_id, lines=held.lines)
        assert (stock("MUG"), stock("TEA")) == ((5, 0), (5, 0))

    def test_twice_changes_nothing(self) -> None:
        set_stock(levels={"MUG": 5})
        order, other = placed(MUG=2), placed(MUG=1)
        feed(reserve_stock, order, other)
        feed(release_stock, OrderCancelled(order_id=order.order_id))
        (answer,) = feed(release_stock, OrderCancelled(order_id=order.order_id))
        assert answer == Ignored(order.order_id, "already closed by StockReleased")
        assert stock("MUG") == (5, 1)

    def test_has_nothing_to_do_for_an_order_that_was_refused(self) -> None:
        order = placed(MUG=2)
        feed(reserve_stock, order)
        (answer,) = feed(release_stock, OrderCancelled(order_id=order.order_id))
        assert answer == Ignored(order.order_id, "already closed by StockReservationFailed")


@pytest.mark.django_db
class TestCommitting:
    def test_takes_what_was_held_off_the_stock(self) -> None:
        set_stock(levels={"MUG": 5})
        order = placed(MUG=2)
        (held,) = feed(reserve_stock, order)
        (answer,) = feed(commit_stock, OrderShipped(order_id=order.order_id))
        assert answer == StockCommitted(order_id=order.order_id, reservation_id=held.reservation_id, lines=held.lines)
        assert stock("MUG") == (3, 0)

    def test_twice_changes_nothing(self) -> None:
        set_stock(levels={"MUG": 5})
        order = placed(MUG=2)
        feed(reserve_stock, order)
        feed(commit_stock, OrderShipped(order_id=order.order_id))
        (answer,) = feed(commit_stock, OrderShipped(order_id=order.order_id))
        assert isinstance(answer, Ignored)
        assert stock("MUG") == (3, 0)

    def test_waits_for_an_order_that_is_not_held(self) -> None:
        (answer,) = feed(commit_stock, OrderShipped(order_id=uuid4()))
        assert isinstance(answer, NotReadyYet)


@pytest.mark.django_db
class TestStock:
    def test_is_set_again_and_again_but_never_below_what_is_reserved(self) -> None:
        set_stock(levels={"MUG": 5, "TEA": 1})
        feed(reserve_stock, placed(MUG=3))
        set_stock(levels={"MUG": 1, "TEA": 7})
        assert (stock("MUG"), stock("TEA")) == ((3, 3), (7, 0))

    @pytest.mark.parametrize(("on_hand", "reserved"), [(1, 2), (1, -1)])
    def test_is_kept_sound_by_the_database(self, on_hand: int, reserved: int) -> None:
        with pytest.raises(IntegrityError):
            Stock.objects.create(sku="MUG", on_hand=on_hand, reserved=reserved)

    def test_a_reservation_takes_only_the_steps_of_its_table(self) -> None:
        with pytest.raises(ImpossibleTransition):
            Reservation(order_id=uuid4(), state="committed").become(Reservation.State.RELEASED)


@pytest.mark.django_db
def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch() -> None:
    set_stock(levels={f"SKU{n}": 1_000 for n in range(5)})
    counts = []
    for size in (4, 50):
        orders = [placed(**{f"SKU{n % 5}": 1, "SKU0": 1}) for n in range(size - 1)] + [placed(SKU1=10_000)]
        counts.append(
            [
                statements(reserve_stock, *orders),
                statements(commit_stock, *(OrderShipped(order_id=order.order_id) for order in orders[::2])),
                statements(release_stock, *(OrderCancelled(order_id=order.order_id) for order in orders)),
            ]
        )
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 6


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    def at_once(self, batches: Sequence[Sequence[OrderPlaced]]) -> list[type]:
        """Feeds each batch from a thread of its own, all at the same moment, and returns the kinds of all answers."""
        barrier = Barrier(len(batches))

        def run(orders: Sequence[OrderPlaced]) -> list[type]:
            barrier.wait(timeout=10)
            try:
                return [type(answer) for answer in feed(reserve_stock, *orders)]
            finally:
                connection.close()

        with ThreadPoolExecutor(len(batches)) as threads:
            return list(itertools.chain.from_iterable(threads.map(run, batches)))

    def test_two_orders_want_the_last_unit_and_one_gets_it(self) -> None:
        set_stock(levels={"LAST": 1})
        answers = self.at_once([[placed(LAST=1)], [placed(LAST=1)]])
        assert sorted(answer.__name__ for answer in answers) == ["StockReservationFailed", "StockReserved"]
        assert stock("LAST") == (1, 1)

    def test_orders_that_want_the_same_in_another_order_do_not_wait_for_each_other(self) -> None:
        set_stock(levels={"AAA": 100, "BBB": 100})
        batches = [[placed(AAA=1, BBB=1), *(placed(BBB=1, AAA=1) for _ in range(9))] for _ in range(4)]
        answers = self.at_once(batches)
        assert answers == [StockReserved] * 40
        assert (stock("AAA"), stock("BBB")) == ((100, 40), (100, 40))

    def test_stock_is_locked_by_sku_whatever_was_ordered_first(self) -> None:
        """Who waits for the first SKU holds no later one, so that no two can wait for each other."""
        set_stock(levels={"AAA": 1, "BBB": 1})
        lock = "SELECT FROM inventory_stock WHERE sku = %s FOR NO KEY UPDATE NOWAIT"
        with somebody_else() as other, ThreadPoolExecutor(1) as threads:
            other.execute(lock, ["AAA"])
            answers = threads.submit(closing_connections, feed, reserve_stock, placed(BBB=1, AAA=1))
            eventually(partial(is_waited_for, other.info.backend_pid))
            other.execute(lock, ["BBB"])
            other.rollback()
            assert [type(answer) for answer in answers.result(DEADLINE)] == [StockReserved]

    def test_the_same_order_delivered_twice_is_held_once(self) -> None:
        set_stock(levels={"MUG": 5})
        order = placed(MUG=1)
        assert sorted(a.__name__ for a in self.at_once([[order], [order]])) == ["Ignored", "StockReserved"]
        assert stock("MUG") == (5, 1)
