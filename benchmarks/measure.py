"""One run: start the processes of one side, let them work, prove that they did, and measure."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import Celery
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from benchmarks import proof, usage
from benchmarks.apps import COUNT_IN
from benchmarks.chain import READY
from benchmarks.result import RATE, WARM_UP, Drained, Steady
from benchmarks.sides import SIDES, Side
from benchmarks.wares import lines_of
from config.supervisor import Supervisor
from orders.models import Order

__all__ = ["SIDES", "Run", "Void"]

POLL = 0.2  # seconds: looking at the tables costs both sides a little
STARTING = 60.0
PER_ORDER = 0.5  # seconds that a slow machine may take for an order, beyond which the run is given up


class Void(Exception):
    """The run counts for nothing; the message says why."""


@dataclass(frozen=True)
class Run:
    """One run of one side with this many orders; `server` is the process of the database server, if it is known."""

    side: Side
    orders: int
    server: int | None

    def drain(self) -> Drained:
        """Places the orders while nothing runs, then measures how long it takes to fulfil them.

        Raises:
            Void: it did not end in time, or the work was not done.
        """
        _refuse_other_messages(self.side.app)
        self._place_all()
        committed = usage.commits()
        with _processes() as processes:
            began = self._start(processes)
            roots, servers = [child.process.pid for child in processes.children], [self.server] if self.server else []
            python, postgres = usage.cpu_seconds(roots), usage.cpu_seconds(servers)
            self._wait_until_finished(processes)
            python, postgres = usage.cpu_seconds(roots) - python, usage.cpu_seconds(servers) - postgres
            seconds = proof.ended() - began
        self._prove()
        connection.close()  # what this session has not reported yet does not count, but that is little
        return Drained(
            orders=self.orders,
            seconds=seconds,
            statements=usage.statements(),
            commits=usage.commits() - committed,
            python=python,
            postgres=postgres,
        )

    def steady(self) -> Steady:
        """Places the orders one by one while everything runs, and measures how long each takes.

        Raises:
            Void: it did not end in time, or the work was not done.
        """
        _refuse_other_messages(self.side.app)
        with _processes() as processes:
            self._start(processes)
            self._place_all(pause=1 / RATE)
            self._wait_until_finished(processes)
        self._prove()
        times = Order.objects.order_by("placed_at").values_list("placed_at", "status_since")[WARM_UP:]
        return Steady(latencies=[(shipped - placed).total_seconds() for placed, shipped in times])

    def _start(self, processes: Supervisor) -> float:
        """Starts the processes; returns when work could begin."""
        for program in self.side.workers:
            processes.start(program)
        _wait(processes, self.side.ready, STARTING, "the workers have not come up")
        if self.side.starter:
            processes.start(self.side.starter)
        _wait(processes, lambda: self.side.began() is not None, STARTING, "it has not begun")
        return self.side.began() or 0.0

    def _place_all(self, pause: float = 0.0) -> None:
        customer = User.objects.get()
        start = time.monotonic()
        for number in range(self.orders):
            time.sleep(max(0.0, start + number * pause - time.monotonic()))
            self.side.place(customer, number, lines_of(number))

    def _wait_until_finished(self, processes: Supervisor) -> None:
        def finished() -> bool:
            time.sleep(POLL)
            return proof.finished(self.orders)

        _wait(processes, finished, STARTING + self.orders * PER_ORDER, "the orders are not all done")

    def _prove(self) -> None:
        if faults := list(proof.faults(self.orders)):
            raise Void("; ".join(faults))


def _wait(processes: Supervisor, condition: Callable[[], bool], seconds: float, trouble: str) -> None:
    if not processes.wait_until(condition, seconds):
        raise Void(f"{trouble} after {seconds:.0f} s")


@contextmanager
def _processes() -> Iterator[Supervisor]:
    folder = Path(settings.VAR_DIR)
    # For what is started from here on, and not for this process, which places the orders and looks at the tables.
    os.environ |= {COUNT_IN: str(folder / "statements"), READY: str(folder / "ready")}
    processes = Supervisor(folder, _say)
    try:
        yield processes
    finally:
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.SIG_IGN)  # stopping is bounded by the programs' graces
        processes.stop()


def _say(line: str) -> None:
    sys.stderr.write(f"    {line}\n")


def _refuse_other_messages(app: Celery) -> None:
    """A broker that others use would spoil the measurement, and the benchmark would eat what is theirs."""
    with app.connection_for_write() as broker:
        for queue in app.amqp.queues.values():
            declared: Any = queue(broker.default_channel).queue_declare()
            if declared.message_count or declared.consumer_count:
                raise Void(f"the broker's queue {queue.name} is in use: give the benchmark a broker of its own")
