"""Orders follows what happens to its orders, and cancels what was refused."""

from __future__ import annotations

import itertools
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import readers
from orders.events import Address, OrderCancellationRejected, OrderCancelled
from orders.models import CancellationRequest, Order, Product
from orders.reactions import cancel_refused, settle_cancellation, track_progress
from orders.readers import (
    OrderShipped,
    PaymentCaptured,
    PaymentDeclined,
    PaymentExpired,
    Refusal,
    ShipmentFailed,
    ShipmentStopped,
    ShipmentStopRefused,
    StockCommitted,
    StockReleased,
    StockReservationFailed,
    StockReserved,
)
from orders.services import WIRE_NAMES, place_order, request_cancellation
from orders.status import FOLDED
from outbox import Ignored
from tests.domain.feeding import feed, statements

pytestmark = pytest.mark.django_db


def placed(count: int = 1) -> list[UUID]:
    customer, _ = User.objects.get_or_create(username="ada", email="ada@example.com")
    Product.objects.get_or_create(sku="MUG", name="Blue mug", unit_price=1_999)
    address = Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB")
    return [
        place_order(customer=customer, lines=[("MUG", 1)], payment_method="pm_card_ok", ship_to=address).pk
        for _ in range(count)
    ]


def cancelled(order_id: UUID) -> OrderCancelled:
    return OrderCancelled(order_id=order_id, reason="declined")


class TestTracking:
    def test_folds_several_events_of_an_order_at_once(self) -> None:
        (order_id,) = placed()
        assert feed(track_progress, *(cls(order_id=order_id) for cls in (PaymentCaptured, StockReserved))) == []
        order = Order.objects.get(pk=order_id)
        assert (order.status, order.seen) == ("paid", ["inventory.StockReserved", "payments.PaymentCaptured"])

    def test_any_order_of_arrival_ends_the_same(self) -> None:
        for arrival in itertools.permutations((StockReserved, PaymentCaptured, OrderShipped, StockCommitted)):
            (order_id,) = placed()
            for cls in arrival:
                feed(track_progress, cls(order_id=order_id))
            assert Order.objects.get(pk=order_id).status == "shipped"

    def test_a_cancellation_is_over_when_all_books_are_closed(self) -> None:
        (order_id,) = placed()
        statuses = []
        for event in (
            StockReserved(order_id=order_id),
            PaymentDeclined(order_id=order_id),
            cancelled(order_id),
            ShipmentStopped(order_id=order_id),
            StockReleased(order_id=order_id),
        ):
            feed(track_progress, event)
            statuses.append(Order.objects.get(pk=order_id).status)
        assert statuses == ["reserved", "reserved", "cancelling", "cancelling", "cancelled"]

    def test_twice_writes_nothing(self) -> None:
        (order_id,) = placed()
        feed(track_progress, StockReserved(order_id=order_id))
        with CaptureQueriesContext(connection) as queries:
            feed(track_progress, StockReserved(order_id=order_id))
        assert not [query for query in queries if query["sql"].startswith("UPDATE")]

    def test_the_status_keeps_its_time_until_it_changes(self) -> None:
        (order_id,) = placed()
        times = []
        for cls in (StockReserved, PaymentDeclined, PaymentCaptured):
            feed(track_progress, cls(order_id=order_id))
            times.append(Order.objects.get(pk=order_id).status_since)
        assert times[0] == times[1] < times[2]

    def test_takes_two_statements_whatever_the_size_of_the_batch(self) -> None:
        for count in (1, 50):
            order_ids = placed(count)
            events = [cls(order_id=order_id) for order_id in order_ids for cls in (StockReserved, PaymentCaptured)]
            assert statements(track_progress, *events) == 2

    def test_knows_the_name_on_the_wire_of_all_that_it_hears(self) -> None:
        heard = {cls.__name__ for cls in readers.Progress.__args__}
        assert heard == set(WIRE_NAMES)
        assert sorted(WIRE_NAMES.values()) == sorted(FOLDED)


class TestCancellingWhatWasRefused:
    @pytest.mark.parametrize(
        ("refusal", "reason"),
        [
            (StockReservationFailed, "inventory"),
            (PaymentDeclined, "declined"),
            (PaymentExpired, "expired"),
            (ShipmentFailed, "fulfilment"),
        ],
    )
    def test_says_why(self, refusal: type[Refusal], reason: str) -> None:
        (order_id,) = placed()
        (answer,) = feed(cancel_refused, refusal(order_id=order_id))
        assert (type(answer), answer.order_id, answer.reason) == (OrderCancelled, order_id, reason)
        row = Order.objects.get(pk=order_id)
        assert (row.cancelled_at is not None, row.cancel_reason) == (True, reason)

    def test_cancels_once(self) -> None:
        (order_id,) = placed()
        feed(cancel_refused, PaymentDeclined(order_id=order_id))
        since = Order.objects.get(pk=order_id).cancelled_at
        for refusal in (PaymentDeclined, StockReservationFailed):
            assert feed(cancel_refused, refusal(order_id=order_id)) == [Ignored(order_id, "already cancelled")]
        assert Order.objects.get(pk=order_id).cancelled_at == since

    def test_says_so_of_an_order_that_is_not_here(self) -> None:
        order_id = uuid4()
        assert feed(cancel_refused, PaymentDeclined(order_id=order_id)) == [Ignored(order_id, "no such order")]

    def test_takes_two_statements_whatever_the_size_of_the_batch(self) -> None:
        for count in (1, 50):
            events = [PaymentDeclined(order_id=order_id) for order_id in placed(count)]
            assert statements(cancel_refused, *events) == 2


class TestSettlingRequests:
    def test_cancels_what_was_stopped_on_request(self) -> None:
        (order_id,) = placed()
        request_cancellation(order_id=order_id, requested_by="customer")
        (answer,) = feed(settle_cancellation, ShipmentStopped(order_id=order_id))
        assert (type(answer), answer.reason) == (OrderCancelled, "customer")
        again = feed(settle_cancellation, ShipmentStopped(order_id=order_id))
        assert again == [Ignored(order_id, "already cancelled")]

    def test_rejects_what_could_not_be_stopped(self) -> None:
        (order_id,) = placed()
        request_cancellation(order_id=order_id, requested_by="staff")
        request = CancellationRequest.objects.get()
        assert feed(settle_cancellation, ShipmentStopRefused(order_id=order_id)) == [
            OrderCancellationRejected(order_id=order_id, request_id=request.pk, reason="already_dispatched")
        ]
        again = feed(settle_cancellation, ShipmentStopRefused(order_id=order_id))
        assert again == [Ignored(order_id, "no cancellation is pending")]

    def test_has_nothing_to_do_where_nobody_asked(self) -> None:
        (order_id,), stranger = placed(), uuid4()
        assert feed(settle_cancellation, ShipmentStopped(order_id=order_id)) == [
            Ignored(order_id, "no cancellation is pending")
        ]
        assert feed(settle_cancellation, ShipmentStopped(order_id=stranger)) == [Ignored(stranger, "no such order")]

    def test_takes_four_statements_whatever_the_size_of_the_batch(self) -> None:
        for count in (2, 50):
            order_ids = placed(count)
            for order_id in order_ids:
                request_cancellation(order_id=order_id, requested_by="customer")
            kinds: tuple[type[ShipmentStopped | ShipmentStopRefused], ...] = (ShipmentStopped, ShipmentStopRefused)
            events = [kinds[n % 2](order_id=order_id) for n, order_id in enumerate(order_ids)]
            assert statements(settle_cancellation, *events) == 4
