"""The status: a fold over the set of an order's events."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest

from orders import status
from orders.models import Status
from orders.status import (
    CLOSING,
    FOLDED,
    attention_of,
    cancellation_pending,
    closed_by,
    open_books,
    payment_of,
    shipment_of,
    status_of,
    stock_of,
)

HAPPY = (status.RESERVED, status.CAPTURED, status.SHIPPED, status.COMMITTED)
OUT_OF_STOCK = (status.REFUSED, status.CANCELLED, status.VOIDED, status.STOPPED)
DECLINED = (status.RESERVED, status.DECLINED, status.CANCELLED, status.RELEASED, status.STOPPED)

TAKEN_BACK = (
    status.RESERVED, status.CAPTURED, status.STOPPED, status.CANCELLED, status.RELEASED, status.REFUNDED,
)  # fmt: skip

# How far an order has come; nothing may lead back.
RANK = [
    Status.PLACED,
    Status.RESERVED,
    Status.PAID,
    Status.SHIPPED,
    Status.DELIVERED,
    Status.CANCELLING,
    Status.CANCELLED,
    Status.INCONSISTENT,
]


def subsets(events: Iterable[str]) -> Iterator[frozenset[str]]:
    events = tuple(events)
    for size in range(len(events) + 1):
        yield from map(frozenset, itertools.combinations(events, size))


@pytest.mark.parametrize(
    ("events", "statuses"),
    [
        (HAPPY, [Status.PLACED, Status.RESERVED, Status.PAID, Status.SHIPPED, Status.SHIPPED]),
        (OUT_OF_STOCK, [Status.PLACED, Status.PLACED, Status.CANCELLING, Status.CANCELLING, Status.CANCELLED]),
        (
            DECLINED,
            [Status.PLACED, Status.RESERVED, Status.RESERVED, Status.CANCELLING, Status.CANCELLING, Status.CANCELLED],
        ),
    ],
)
def test_each_story_goes_through_its_statuses(events: tuple[str, ...], statuses: list[Status]) -> None:
    assert [status_of(set(events[:n])) for n in range(len(events) + 1)] == statuses


@pytest.mark.parametrize(
    ("story", "end"),
    [
        (HAPPY, Status.SHIPPED),
        ((*HAPPY, status.DELIVERED), Status.DELIVERED),
        (OUT_OF_STOCK, Status.CANCELLED),
        (DECLINED, Status.CANCELLED),
        (TAKEN_BACK, Status.CANCELLED),
    ],
)
def test_any_order_of_arrival_leads_to_the_same_end_and_never_back(story: tuple[str, ...], end: Status) -> None:
    for arrival in itertools.permutations(story):
        ranks = [RANK.index(status_of(set(arrival[:n]))) for n in range(len(arrival) + 1)]
        assert ranks == sorted(ranks)
        assert RANK[ranks[-1]] == end


# What decides the status; of several closing events of a module one stands for all.
DECISIVE = (
    status.CANCELLED, status.RESERVED, status.RELEASED, status.CAPTURED, status.REFUNDED, status.SHIPPED,
    status.STOPPED, status.DELIVERED,
)  # fmt: skip


def test_one_event_more_never_leads_back_whatever_has_been_seen() -> None:
    for seen in subsets(DECISIVE):
        before = RANK.index(status_of(seen))
        assert all(RANK.index(status_of(seen | {event})) >= before for event in FOLDED)


def test_cancelled_is_exactly_when_all_books_are_closed() -> None:
    for seen in subsets({status.CANCELLED}.union(*CLOSING.values())):
        closed = all(seen.intersection(closing) for closing in CLOSING.values())
        assert (status_of(seen) == Status.CANCELLED) == (closed and status.CANCELLED in seen)
        assert (open_books(seen) == []) == closed


def test_a_book_names_the_event_that_closed_it() -> None:
    assert closed_by("payments", {status.CAPTURED}) is None
    for module, closing in CLOSING.items():
        assert [closed_by(module, {event}) for event in closing] == list(closing)
    assert closed_by("payments", {status.DECLINED, status.REFUNDED}) == status.REFUNDED


def test_delivered_counts_when_it_is_known_to_have_shipped() -> None:
    early = {status.RESERVED, status.CAPTURED, status.DELIVERED}
    assert (status_of(early), shipment_of(early)) == (Status.PAID, "delivered")
    assert status_of(early | {status.SHIPPED}) == Status.DELIVERED


@pytest.mark.parametrize(
    ("seen", "pending"),
    [
        ((), False),
        ((status.CANCEL_REQUESTED,), True),
        ((status.CANCEL_REQUESTED, status.STOPPED), True),
        ((status.CANCEL_REQUESTED, status.CANCELLED), False),
        ((status.CANCEL_REQUESTED, status.CANCEL_REJECTED), False),
    ],
)
def test_a_cancellation_is_pending_until_it_is_decided(seen: tuple[str, ...], pending: bool) -> None:
    assert cancellation_pending(set(seen)) == pending


@pytest.mark.parametrize(
    ("seen", "reasons"),
    [
        (HAPPY, []),
        ((status.SHIPPED, status.CANCELLED), ["inconsistent"]),
        ((status.CANCELLED, status.REFUND_FAILED), ["money_owed", "book_open"]),
        ((status.CANCELLED, status.REFUND_FAILED, status.REFUNDED), ["book_open"]),
        ((*DECLINED, status.LATE), ["late_money"]),
        ((*DECLINED, status.LATE, status.REFUND_FAILED), ["money_owed"]),
        ((*DECLINED, status.LATE, status.REFUNDED), []),
    ],
)
def test_somebody_has_to_look_after_what_does_not_go_by_itself(seen: tuple[str, ...], reasons: list[str]) -> None:
    assert attention_of(set(seen), timedelta(minutes=6)) == reasons
    assert attention_of(set(seen)) == [reason for reason in reasons if reason != "book_open"]


def test_shipped_and_cancelled_is_an_alarm() -> None:
    assert status_of(set(FOLDED)) == Status.INCONSISTENT


def test_an_unknown_event_changes_nothing() -> None:
    for seen in subsets(DECISIVE):
        assert status_of(seen | {"loyalty.PointsGranted"}) == status_of(seen)


@pytest.mark.parametrize(
    ("events", "facets"),
    [
        ((), ("none", "none", "none")),
        (HAPPY[:1], ("reserved", "none", "none")),
        (HAPPY, ("committed", "captured", "shipped")),
        (OUT_OF_STOCK, ("refused", "voided", "stopped")),
        (DECLINED, ("released", "declined", "stopped")),
        (TAKEN_BACK, ("released", "refunded", "stopped")),
        ((*TAKEN_BACK[:-1], status.REFUND_FAILED), ("released", "refund_failed", "stopped")),
        ((status.RESERVED, status.EXPIRED, status.CANCELLED), ("reserved", "expired", "none")),
        ((status.RESERVED, status.CAPTURED, status.FAILED), ("reserved", "captured", "failed")),
        ((status.VOIDED, status.LATE), ("none", "captured", "none")),
        ((*HAPPY, status.DELIVERED), ("committed", "captured", "delivered")),
    ],
)
def test_the_facets_say_what_became_of_stock_money_and_parcel(
    events: tuple[str, ...], facets: tuple[str, str, str]
) -> None:
    for arrival in itertools.permutations(events):
        seen = set(arrival)
        assert (stock_of(seen), payment_of(seen), shipment_of(seen)) == facets
