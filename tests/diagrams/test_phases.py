"""What a delivery went through, from the rows that the engine keeps of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from outbox.diagrams.phases import life_of
from tests.diagrams.stories import START, a_delivery, a_dispatch, an_event, at

EVENT = an_event(1)


def phases(*args: object, **given: object) -> list[tuple[str, float, float]]:
    """The phases of a delivery: kind, begin and end in seconds after the event."""
    life = life_of(EVENT, a_delivery(**given))  # type: ignore[arg-type]
    return [(phase.kind, seconds(phase.start), seconds(phase.end)) for phase in life.phases]


def seconds(moment: datetime) -> float:
    return round((moment - START).total_seconds(), 3)


class TestADelivery:
    def test_waits_for_the_relay_and_in_the_queue_and_runs(self) -> None:
        assert phases() == [("relay", 0, 0.004), ("queue", 0.004, 0.01), ("run", 0.01, 0.035)]

    def test_runs_until_it_is_done_and_not_until_its_batch_is(self) -> None:
        assert phases(done_at=at(milliseconds=20))[-1] == ("run", 0.01, 0.02)

    def test_that_nobody_has_taken_up_waits_until_now(self) -> None:
        assert phases(state="waiting", now=at(seconds=5)) == [("relay", 0, 5)]

    def test_that_runs_runs_until_now(self) -> None:
        dispatch = a_dispatch(at(milliseconds=4), at(milliseconds=10))
        assert phases(state="dispatched", dispatch=dispatch, now=at(seconds=5))[-1] == ("run", 0.01, 5)

    def test_that_lies_in_the_queue_does_so_until_now(self) -> None:
        dispatch = a_dispatch(at(milliseconds=4))
        assert phases(state="dispatched", dispatch=dispatch, now=at(seconds=5))[-1] == ("queue", 0.004, 5)

    def test_that_is_a_timer_waits_for_its_time(self) -> None:
        assert phases(state="waiting", due_at=at(days=2), now=at(seconds=5)) == [("timer", 0, 172_800)]

    def test_that_failed_waits_for_its_next_try(self) -> None:
        found = phases(state="waiting", failed=[at(seconds=1), at(seconds=3)], due_at=at(seconds=7), now=at(seconds=5))
        assert found == [("tried", 0, 1), ("retry", 1, 3), ("retry", 3, 7)]

    def test_that_waits_does_not_take_the_dispatch_of_its_last_try_for_the_next(self) -> None:
        dispatch = a_dispatch(at(milliseconds=4), at(milliseconds=10), at(seconds=1))
        found = phases(
            state="waiting", dispatch=dispatch, failed=[at(seconds=1)], due_at=at(seconds=2), now=at(seconds=5)
        )
        assert found == [("tried", 0, 1), ("retry", 1, 2), ("relay", 2, 5)]

    def test_that_was_parked_failed_at_the_end_of_its_last_run(self) -> None:
        dispatch = a_dispatch(at(seconds=3), at(seconds=3.1), at(seconds=4))
        failed = [at(seconds=1), at(seconds=4)]
        found = phases(state="parked", dispatch=dispatch, failed=failed, due_at=at(seconds=2.5), done_at=at(seconds=4))
        assert found == [("tried", 0, 1), ("retry", 1, 2.5), ("relay", 2.5, 3), ("queue", 3, 3.1), ("run", 3.1, 4)]

    def test_whose_clocks_disagree_has_no_phase_that_ends_before_it_begins(self) -> None:
        dispatch = a_dispatch(at(milliseconds=-5), at(milliseconds=-3), at(milliseconds=-1))
        assert phases(dispatch=dispatch) == [("run", -0.003, -0.001)]

    def test_says_everything_about_itself_on_one_line(self) -> None:
        life = life_of(EVENT, a_delivery(state="ignored", outcome="cancelled\n\u202e already"))
        assert life.summary == (
            "inventory.reserve_stock of orders.OrderPlaced #1: ignored; ignored: cancelled already; "
            "waits for the relay 4 ms; waits in the queue 6 ms; runs 25 ms"
        )
        assert life.spent("run") == timedelta(milliseconds=25)
        assert life.spent("retry") is None
