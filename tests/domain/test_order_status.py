"""The status: a fold over the set of an order's events."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest

from orders import status
from orders.models import Status
from orders.status import CLOSING, FOLDED, open_books, payment_of, shipment_of, status_of, stock_of

HAPPY = (status.RESERVED, status.CAPTURED, status.SHIPPED, status.COMMITTED)
OUT_OF_STOCK = (status.REFUSED, status.CANCELLED, status.VOIDED, status.STOPPED)
DECLINED = (status.RESERVED, status.DECLINED, status.CANCELLED, status.RELEASED, status.STOPPED)

# How far an order has come; nothing may lead back.
RANK = [
    Status.PLACED,
    Status.RESERVED,
    Status.PAID,
    Status.SHIPPED,
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
    ("story", "end"), [(HAPPY, Status.SHIPPED), (OUT_OF_STOCK, Status.CANCELLED), (DECLINED, Status.CANCELLED)]
)
def test_any_order_of_arrival_leads_to_the_same_end_and_never_back(story: tuple[str, ...], end: Status) -> None:
    for arrival in itertools.permutations(story):
        ranks = [RANK.index(status_of(set(arrival[:n]))) for n in range(len(arrival) + 1)]
        assert ranks == sorted(ranks)
        assert RANK[ranks[-1]] == end


def test_one_event_more_never_leads_back_whatever_has_been_seen() -> None:
    for seen in subsets(FOLDED):
        before = RANK.index(status_of(seen))
        assert all(RANK.index(status_of(seen | {event})) >= before for event in FOLDED)


def test_cancelled_is_exactly_when_all_books_are_closed() -> None:
    for seen in subsets(set(FOLDED) - {status.SHIPPED}):
        closed = all(seen & closing for closing in CLOSING.values())
        assert (status_of(seen) == Status.CANCELLED) == (closed and status.CANCELLED in seen)
        assert (open_books(seen) == []) == closed


def test_shipped_and_cancelled_is_an_alarm() -> None:
    assert status_of(set(FOLDED)) == Status.INCONSISTENT


def test_an_unknown_event_changes_nothing() -> None:
    for seen in subsets(FOLDED):
        assert status_of(seen | {"loyalty.PointsGranted"}) == status_of(seen)


@pytest.mark.parametrize(
    ("events", "facets"),
    [
        ((), ("none", "none", "none")),
        (HAPPY[:1], ("reserved", "none", "none")),
        (HAPPY, ("committed", "captured", "shipped")),
        (OUT_OF_STOCK, ("refused", "voided", "stopped")),
        (DECLINED, ("released", "declined", "stopped")),
    ],
)
def test_the_facets_say_what_became_of_stock_money_and_parcel(
    events: tuple[str, ...], facets: tuple[str, str, str]
) -> None:
    for arrival in itertools.permutations(events):
        seen = set(arrival)
        assert (stock_of(seen), payment_of(seen), shipment_of(seen)) == facets
