"""The layout of the waterfall, in numbers."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from outbox.diagrams.shapes import LEFT, RIGHT, WIDTH, Waterfall
from outbox.diagrams.waterfall import MOST_ROWS, ROW, waterfall_of
from tests.diagrams.stories import START, a_delivery, a_dispatch, a_history, a_long_history, an_event, at, told


def of(*deliveries: object, **given: object) -> Waterfall:
    return waterfall_of(a_history(told(an_event(1), *deliveries), **given))  # type: ignore[arg-type]


class TestAWaterfall:
    def test_has_a_lane_for_the_events_and_one_for_each_app(self) -> None:
        picture = of(a_delivery("inventory.reserve_stock"), a_delivery("payments.capture_payment"))
        assert [lane.name for lane in picture.lanes] == ["events", "inventory", "payments"]
        assert all(a.y + a.height == b.y for a, b in pairwise(picture.lanes))

    def test_draws_a_delivery_from_its_event_to_its_end_in_proportion(self) -> None:
        (bar,) = of(a_delivery()).bars
        assert [segment.kind for segment in bar.segments] == ["relay", "queue", "run"]
        relay, queue, run = (segment.width for segment in bar.segments)
        assert round(run / relay, 1) == round(25 / 4, 1)
        assert bar.segments[0].x == LEFT
        assert round(relay + queue + run, 0) == round(bar.width, 0)

    def test_marks_each_failure_where_it_happened(self) -> None:
        waiting = a_delivery(state="waiting", failed=[at(seconds=1), at(seconds=2)], due_at=at(seconds=4))
        (bar,) = of(waiting, now=at(seconds=3)).bars
        first, second = bar.failures
        assert round(second - LEFT, 0) == round(2 * (first - LEFT), 0)

    def test_gives_deliveries_that_overlap_rows_of_their_own(self) -> None:
        same = [a_delivery("orders.track"), a_delivery("orders.track"), a_delivery("orders.track")]
        assert len({bar.y for bar in of(*same).bars}) == 3

    def test_says_how_many_deliveries_it_had_no_room_for(self) -> None:
        picture = of(*(a_delivery("orders.track") for _ in range(MOST_ROWS + 5)))
        assert (len(picture.bars), picture.left_out) == (MOST_ROWS, 5)

    def test_shows_now_only_where_something_is_open(self) -> None:
        assert of(a_delivery()).now_x is None
        assert of(a_delivery(state="waiting")).now_x is not None

    def test_draws_what_is_not_relayed_yet_until_now(self) -> None:
        picture = waterfall_of(a_history(told(an_event(1), is_pending=True)))
        (moment,) = picture.moments
        assert moment.x + moment.wait == picture.now_x

    def test_draws_what_is_expected_until_its_deadline_and_says_when_it_is_late(self) -> None:
        soon, late = [("payments", "PaymentCaptured", START, at(seconds=n)) for n in (120, 30)]
        picture = waterfall_of(a_history(told(an_event(1))), [soon, late])
        assert [ghost.is_late for ghost in picture.ghosts] == [False, True]
        assert [ghost.label.whole for ghost in picture.ghosts] == ["PaymentCaptured, expected", "PaymentCaptured, late"]
        assert picture.lanes[-1].name == "payments"
        assert picture.ghosts[0].width == 4 * picture.ghosts[1].width

    def test_fits_what_it_says_and_keeps_the_whole(self) -> None:
        reason = "x" * 4_000
        dispatch = a_dispatch(at(milliseconds=4), at(milliseconds=10), at(milliseconds=12))
        (bar,) = of(a_delivery(state="parked", outcome=reason, dispatch=dispatch)).bars
        assert bar.label.whole == f"parked: {reason}"
        assert len(bar.label.text) < 140
        assert bar.label.text.endswith("…")

    def test_of_three_hundred_events_stays_on_a_screen(self) -> None:
        picture = waterfall_of(a_long_history(300))
        assert picture.left_out == 0
        assert picture.height < 40 * ROW
        assert len(picture.moments) == 300
        assert all(LEFT <= bar.x <= bar.x + bar.width <= WIDTH for bar in picture.bars)

    def test_writes_no_outcome_over_the_next_bar_of_its_row(self) -> None:
        picture = waterfall_of(a_long_history(8))
        for bar in picture.bars:
            behind = [other.x for other in picture.bars if other.y == bar.y and other.x > bar.x]
            assert bar.label.x + len(bar.label.text) * 6 <= min(behind, default=RIGHT)

    def test_folds_a_wait_of_two_days(self) -> None:
        picture = of(a_delivery(), a_delivery("payments.expire", state="waiting", due_at=at(days=2)))
        assert picture.axis.breaks[-1].length > timedelta(days=1)
