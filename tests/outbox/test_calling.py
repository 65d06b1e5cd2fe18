"""Calling: by no more threads than it takes, with no database at hand; what has returned waits for nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from outbox import NotDone
from outbox.delivery import calling
from outbox.delivery.calling import FEW, Calls, Returned
from outbox.delivery.rows import Row
from outbox.reactions import reactions
from tests.outbox.threads import DEADLINE, eventually
from tests.toy.models import Effect

EFFECT = "toy.ring_far_end"


@pytest.fixture(autouse=True)
def threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pools outlive a dispatch, and would outlive a test."""
    monkeypatch.setattr(calling, "_pools", {})


def row(number: int) -> Row:
    return Row(number, 0, False, False, number, uuid4(), "toy.Rung", uuid4(), "{}", "", 0.0, 0.0)


class World:
    """An outside world for calls that have no order; `begun` and `threads` are what it has seen of them."""

    def __init__(self, act: Callable[[int], Any], *, count: int, width: int) -> None:
        self._act = act
        self._reaction = replace(reactions()[EFFECT], id=f"calls {uuid4()}", width=width, timeout=DEADLINE)
        self._prepared = [(row(number), number) for number in range(1, count + 1)]
        self._started: list[Calls] = []
        self.begun: list[int] = []

    def start(self) -> Calls:
        effect: Any = self  # it has the one method that is called here
        self._started.append(Calls(self._reaction, effect, self._prepared))
        return self._started[-1]

    def wait_until_begun(self, calls: int) -> None:
        eventually(lambda: len(self.begun) == calls)

    def end(self) -> None:
        """Begins no call any more, so that a test that fails leaves no threads at work."""
        for started in self._started:
            started.give_back()

    def call(self, number: int) -> Any:
        self.begun.append(number)
        return self._act(number)

    @property
    def threads(self) -> int:
        return sum(thread.name.startswith(self._reaction.id) for thread in threading.enumerate())


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world() -> Iterator[MakeWorld]:
    with ExitStack() as ends:

        def make(act: Callable[[int], Any], *, count: int, width: int) -> World:
            world = World(act, count=count, width=width)
            ends.callback(world.end)
            return world

        yield make


def results(calls: Calls) -> list[Any]:
    """Gathers until none is open."""
    returned = []
    while calls.are_open:
        returned += calls.gather()
    return [call.error or call.outcome for call in returned]


@pytest.fixture
def tick_by_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `gather()` is one tick."""
    monkeypatch.setattr(calling, "TOGETHER", calling.TICK / 2)


class TestCallsThatReturnAtOnce:
    def test_are_made_one_after_another_by_one_thread(
        self, make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calling, "TOGETHER", DEADLINE)
        monkeypatch.setattr(calling, "TICK", DEADLINE)
        start = threading.Event()
        world = make_world(lambda number: (start.wait(DEADLINE), number)[1], count=30, width=4)
        calls = world.start()
        start.set()
        gathered = [call.outcome for call in calls.gather()]
        assert (gathered, world.threads) == (list(range(1, 31)), 1)
        assert not calls.are_open

    @pytest.mark.usefixtures("tick_by_tick")
    def test_get_another_thread_only_when_those_there_are_make_few_in_a_tick(self, make_world: MakeWorld) -> None:
        permits = threading.Semaphore(0)
        world = make_world(lambda number: permits.acquire(timeout=DEADLINE), count=20, width=3)
        calls = world.start()
        world.wait_until_begun(1)
        for threads in (1, 2):
            enough, few = FEW * threads, FEW * threads - 1
            for returned, threads_then in ((enough, threads), (few, threads + 1)):
                going_on = len(world.begun) + returned
                permits.release(returned)
                world.wait_until_begun(going_on)
                assert (len(calls.gather()), world.threads) == (returned, threads_then)
            world.wait_until_begun(going_on + 1)  # by the new thread
        permits.release(20)
        assert set(results(calls)) == {True}


class TestCallsThatWait:
    @pytest.mark.usefixtures("tick_by_tick")
    def test_get_one_more_thread_at_a_time_up_to_the_width(self, make_world: MakeWorld) -> None:
        release = threading.Event()
        world = make_world(lambda number: release.wait(DEADLINE), count=6, width=3)
        calls = world.start()
        for beside_each_other in (1, 2, 3, 3, 3):
            world.wait_until_begun(beside_each_other)
            assert (world.threads, calls.gather()) == (beside_each_other, [])
        assert len(world.begun) == 3
        release.set()
        assert results(calls) == [True] * 6

    def test_do_not_hold_back_what_has_returned(self, make_world: MakeWorld) -> None:
        release = threading.Event()
        world = make_world(lambda number: number == 1 and release.wait(DEADLINE), count=5, width=2)
        calls = world.start()
        quick: list[Returned] = []
        while len(quick) < 4:
            quick += calls.gather()
        assert [call.row.id for call in quick] == [2, 3, 4, 5]
        release.set()
        assert results(calls) == [True]

    def test_may_use_the_database_in_none_of_their_threads(self, make_world: MakeWorld) -> None:
        width = 4
        all_there = threading.Barrier(width)

        def use_the_database(number: int) -> bool:
            all_there.wait(DEADLINE)
            return Effect.objects.exists()

        world = make_world(use_the_database, count=width, width=width)
        refused = results(world.start())
        assert [type(error) for error in refused] == [calling.DatabaseForbidden] * width
        assert world.threads == width


class WithSession(World):
    """Its calls share what a session opens, unless that is `refused`; `ended` counts the sessions that have ended."""

    refused = False
    ended = 0

    @contextmanager
    def session(self) -> Iterator[None]:
        if self.refused:
            raise ConnectionRefusedError("nobody listens")
        yield
        self.ended += 1


class TestASession:
    def test_is_entered_once_for_the_calls_that_a_thread_makes_one_after_another(self) -> None:
        world = WithSession(lambda number: number, count=20, width=1)
        assert results(world.start()) == list(range(1, 21))
        eventually(lambda: world.ended == 1)

    def test_that_cannot_begin_leaves_every_call_certainly_not_made(self) -> None:
        world = WithSession(lambda number: number, count=5, width=1)
        world.refused = True
        errors = results(world.start())
        assert [type(error) for error in errors] == [NotDone] * 5
        assert "nobody listens" in str(errors[0])
        assert world.begun == []
