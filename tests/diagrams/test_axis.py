"""The folded time axis, in numbers."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from outbox.diagrams.axis import BREAK, MOST_BREAKS, Axis, axis_of
from tests.diagrams.stories import START, at

RIGHT = 1000.0


def axis(*seconds: float, busy: tuple[tuple[float, float], ...] = ()) -> Axis:
    intervals = [(at(seconds=start), at(seconds=end)) for start, end in busy]
    return axis_of([at(seconds=n) for n in seconds], intervals, left=0, right=RIGHT)


class TestAnAxis:
    def test_is_linear_where_nothing_is_long(self) -> None:
        assert [axis(0, 1, 2, 4).x(at(seconds=n)) for n in (0, 1, 2, 3, 4)] == [0, 250, 500, 750, 1000]

    def test_holds_what_is_beyond_its_ends_at_them(self) -> None:
        assert [axis(0, 4).x(at(seconds=n)) for n in (-1, 5)] == [0, 1000]

    def test_of_a_single_moment_has_a_place_for_it(self) -> None:
        assert axis(0).x(START) == 0
        assert [tick.x for tick in axis(0).ticks] == [0]

    def test_folds_two_days_between_milliseconds_of_work(self) -> None:
        days = 2 * 86_400.0
        folded = axis(0, 0.1, days, days + 0.1, busy=((0, 0.1), (days, days + 0.1)))
        (fold,) = folded.breaks
        assert fold.length == timedelta(days=2, seconds=-0.1)
        half = (RIGHT - BREAK) / 2
        assert [folded.x(at(seconds=n)) for n in (0.1, days, days + 0.1)] == [half, half + BREAK, RIGHT]

    def test_never_folds_work(self) -> None:
        assert axis(0, 0.1, 10, busy=((0, 10),)).breaks == []

    def test_does_not_fold_what_takes_less_than_a_second(self) -> None:
        assert axis(0, 0.001, 0.9, busy=((0, 0.001),)).breaks == []

    def test_folds_equal_waits_all_or_none(self) -> None:
        few = [n * 10.0 + part for n in range(4) for part in (0, 0.1)]
        assert len(axis(*few).breaks) == 3
        many = [n * 1.0 for n in range(300)]
        assert axis(*many).breaks == []

    def test_folds_so_much_at_most_that_there_is_room_for_the_rest(self) -> None:
        retries = axis(0, *(4.0**n for n in range(14)))
        assert len(retries.breaks) == MOST_BREAKS

    def test_keeps_an_idle_whole_as_it_is(self) -> None:
        assert axis(0, 86_400).breaks == []

    @pytest.mark.parametrize("length", [0.02, 0.35, 7, 100, 5_000, 400_000])
    def test_has_round_ticks_that_do_not_touch(self, length: float) -> None:
        ticks = axis(0, length).ticks
        assert 3 <= len(ticks) <= 12
        assert all(b.x - a.x >= 80 for a, b in pairwise(ticks))

    def test_says_where_time_goes_on_after_a_break(self) -> None:
        folded = axis(0, 0.1, 900, 900.1, busy=((0, 0.1), (900, 900.1)))
        assert folded.ticks[-1].offset == timedelta(seconds=900)
