"""The choreography as it is declared: its order, what is noteworthy about it, and its map."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

import pytest

from orders.status import CLOSING
from outbox import books, closing_events_are
from outbox.checks import check_books
from outbox.diagrams.choreography import Choreography, Part, use_cases
from outbox.diagrams.findings import findings_about
from outbox.diagrams.mermaid import flowchart_of
from outbox.diagrams.observed import Handled, Observed
from outbox.diagrams.rails import NARROWEST, Map, map_of
from tests.diagrams.stories import START


def part(id: str, hears: str = "", emits: str = "", *, folds: bool = False) -> Part:
    return Part(
        id=id,
        app=id.partition(".")[0],
        hears=tuple(hears.split()),
        emits=tuple(emits.split()),
        folds=folds,
    )


def choreography(*parts: Part) -> Choreography:
    emitted = {name for one in parts for name in one.emits}
    heard = {name for one in parts for name in one.hears}
    return Choreography(events=dict.fromkeys(emitted | heard, "A fact."), parts=parts)


SHOP = choreography(
    *use_cases(["orders.Placed", "shipping.Delivered"]),
    part("inventory.reserve", "orders.Placed", "inventory.Reserved"),
    part("payments.capture", "orders.Placed inventory.Reserved", "payments.Captured payments.Declined"),
    part("shipping.ship", "payments.Captured", "shipping.Shipped"),
    part("orders.track", "inventory.Reserved shipping.Shipped shipping.Delivered", folds=True),
    part("orders.cancel", "payments.Declined", "orders.Cancelled"),
    part("inventory.release", "orders.Cancelled", "inventory.Released"),
)


def observed(
    emitted: Mapping[tuple[str, str], int] | None = None, handled: Mapping[tuple[str, str], int] | None = None
) -> Observed:
    counted = {key: a_count(count) for key, count in (handled or {}).items()}
    return Observed(
        since=START,
        is_capped=False,
        emitted=emitted or {},
        handled=counted,
        reactions={reaction: one for (_, reaction), one in counted.items()},
    )


def a_count(count: int, drifted: int = 0) -> Handled:
    return Handled(count=count, failed=0, parked=0, drifted=drifted, p95=timedelta(milliseconds=31))


def words(*parts: Part, seen: Observed | None = None) -> list[str]:
    return [finding.word for finding in findings_about(choreography(*parts), seen)]


@pytest.fixture(autouse=True)
def _no_books(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_books", {})
    return


class TestTheFlow:
    def test_puts_each_event_after_those_that_it_follows_from(self) -> None:
        order = SHOP.in_flow_order()
        assert order[:2] == ["orders.Placed", "inventory.Reserved"]
        for event in order:
            assert all(order.index(event) < order.index(later) for later in SHOP.following(event))

    def test_puts_what_the_outside_tells_before_what_follows_from_it(self) -> None:
        late = choreography(
            *use_cases(["a.Begun", "b.Told"]),
            part("a.go", "a.Begun", "a.Gone"),
            part("a.end", "a.Gone", "a.Ended"),
            part("b.end", "a.Ended b.Told", "b.Ended"),
        )
        assert late.in_flow_order() == ["a.Begun", "a.Gone", "a.Ended", "b.Told", "b.Ended"]

    def test_enters_a_cycle_where_the_flow_does(self) -> None:
        round_and_round = choreography(
            *use_cases(["z.Begun"]),
            part("z.go", "z.Begun a.Second", "z.First"),
            part("a.go", "z.First", "a.Second"),
        )
        assert round_and_round.in_flow_order() == ["z.Begun", "z.First", "a.Second"]
        assert round_and_round.cycles == [["z.First", "a.Second"]]


class TestFindings:
    def test_are_none_about_what_fits(self) -> None:
        assert words(*use_cases(["a.Begun"]), part("b.note", "a.Begun", folds=True)) == []

    def test_tell_of_an_event_that_nobody_hears(self) -> None:
        assert words(*use_cases(["a.Begun"])) == ["unheard"]

    def test_tell_of_an_event_that_nobody_publishes(self) -> None:
        (finding,) = findings_about(choreography(part("b.note", "a.Begun")))
        assert finding.text == "Nobody publishes a.Begun, which b.note hears."

    def test_tell_of_a_cycle(self) -> None:
        assert words(part("a.go", "b.Done", "a.Done"), part("b.go", "a.Done", "b.Done")) == ["cycle"]

    def test_tell_of_a_book_that_cannot_be_closed(self) -> None:
        closing_events_are("orders.Cancelled", {"inventory": ("inventory.Released",), "payments": ("payments.Voided",)})
        (finding,) = (finding for finding in findings_about(SHOP) if finding.word == "open book")
        assert finding.text.startswith("payments cannot close its book")

    def test_leave_the_book_of_an_app_that_is_not_here_alone(self) -> None:
        closing_events_are("a.Cancelled", {"elsewhere": ("elsewhere.Closed",)})
        assert words(*use_cases(["a.Cancelled"]), part("b.note", "a.Cancelled", folds=True)) == []

    def test_accept_a_book_that_is_closed_in_two_steps(self) -> None:
        closing_events_are("a.Cancelled", {"b": ("b.Refunded",)})
        steps = part("b.start", "a.Cancelled", "b.Started"), part("b.refund", "b.Started", "b.Refunded")
        assert words(*use_cases(["a.Cancelled"]), *steps) == ["unheard"]

    def test_tell_of_what_was_seen_and_never_declared(self) -> None:
        seen = observed({("inventory.Reserved", "payments.capture"): 2, ("loyalty.Granted", "loyalty.grant"): 1})
        drift = [finding.text for finding in findings_about(SHOP, seen) if finding.word == "drift"]
        assert drift == [
            "loyalty.grant published loyalty.Granted, undeclared: once.",
            "payments.capture published inventory.Reserved, undeclared: 2 times.",
        ]

    def test_accept_a_use_case_that_publishes_what_a_reaction_may(self) -> None:
        seen = observed({("payments.Captured", ""): 1})
        assert "drift" not in [finding.word for finding in findings_about(SHOP, seen)]


class TestAMap:
    def test_has_a_rail_for_each_event_and_a_column_for_each_part(self) -> None:
        drawn = map_of(SHOP)
        assert [rail.name for rail in drawn.rails] == SHOP.in_flow_order()
        assert len(drawn.columns) == len(SHOP.parts)
        assert [band.app for band in drawn.bands] == ["orders", "inventory", "payments", "shipping"]

    def test_marks_where_an_event_is_published_and_heard(self) -> None:
        drawn = map_of(SHOP)
        column = {column.part.id: column.x for column in drawn.columns}
        (rail,) = (rail for rail in drawn.rails if rail.name == "inventory.Reserved")
        assert [mark.x for mark in rail.marks if mark.emits] == [column["inventory.reserve"]]
        assert {mark.x for mark in rail.marks if not mark.emits} == {column["payments.capture"], column["orders.track"]}
        assert (rail.x, rail.end) == (column["orders.track"], column["payments.capture"])

    def test_tells_what_was_seen_from_what_was_only_declared(self) -> None:
        seen = observed({("orders.Placed", ""): 3}, {("orders.Placed", "inventory.reserve"): 3})
        (placed,) = (rail for rail in map_of(SHOP, seen).rails if rail.name == "orders.Placed")
        assert placed.count == 3
        assert {mark.title: mark.state for mark in placed.marks} == {
            "orders.use cases publishes orders.Placed: 3 times": "seen",
            "inventory.reserve hears orders.Placed: 3 times": "seen",
            "payments.capture hears orders.Placed: not seen": "unseen",
        }

    def test_draws_what_nobody_declared_as_drift(self) -> None:
        drawn = map_of(SHOP, observed({("loyalty.Granted", "loyalty.grant"): 1}))
        assert drawn.has_drift
        assert drawn.rails[-1].state == "drift"
        assert (drawn.columns[-1].part.id, drawn.columns[-1].part.is_page) == ("loyalty.grant", False)

    def test_says_under_a_column_how_fast_it_was(self) -> None:
        drawn = map_of(SHOP, observed({}, {("orders.Placed", "inventory.reserve"): 3}))
        (column,) = (column for column in drawn.columns if column.handled)
        assert (column.handled and column.handled.count, column.p95.replace("\u00a0", " ")) == (3, "31 ms")

    def test_of_five_apps_and_twenty_five_reactions_fits_a_page(self) -> None:
        parts = [part(f"app{n % 5}.react_{n}", f"app{n % 5}.E{n}", f"app{(n + 1) % 5}.E{n + 1}") for n in range(25)]
        drawn = map_of(choreography(*use_cases(["app0.E0"]), *parts))
        self.assert_tidy(drawn)
        assert drawn.width == 1200
        assert drawn.height < 1000

    def test_of_much_more_grows_instead_of_crowding(self) -> None:
        parts = [part(f"app{n % 9}.react_{n}", "app0.E0", f"app{n % 9}.E{n}") for n in range(80)]
        drawn = map_of(choreography(*parts))
        self.assert_tidy(drawn)
        assert drawn.width > 1200

    def test_of_nothing_is_empty(self) -> None:
        drawn = map_of(choreography())
        assert (drawn.rails, drawn.columns, drawn.bands) == ([], [], [])

    def assert_tidy(self, drawn: Map) -> None:
        xs = [column.x for column in drawn.columns]
        assert all(b - a >= NARROWEST for a, b in pairwise(xs))
        assert all(a.x + a.width <= b.x for a, b in pairwise(drawn.bands))
        assert xs[-1] <= drawn.width


def test_a_flowchart_names_everything_and_takes_no_name_for_syntax() -> None:
    chart = flowchart_of(choreography(part("a.go", "b.Done", 'a."]--x'), part("b.note", "b.Done")))
    assert chart.startswith("flowchart LR\n")
    assert '["go"]' in chart
    assert '(["b.Done"])' in chart
    assert '"a.#34;#93;--x"' in chart
    assert sum(" --> " in line for line in chart.splitlines()) == 2


class TestTheSystemCheck:
    def test_finds_an_installed_app_that_cannot_close_its_book(self) -> None:
        closing_events_are("orders.OrderCancelled", {"payments": ("payments.PaymentForgotten",)})
        (error,) = check_books()
        assert error.id == "outbox.E021"
        assert error.msg.startswith("payments cannot close its book")

    def test_is_content_with_the_apps_as_they_are(self) -> None:
        closing_events_are("orders.OrderCancelled", CLOSING)
        assert check_books() == []
