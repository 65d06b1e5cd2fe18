"""The comparison, for people."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.result import Drained, Steady

NAMES = {"murmuration": "Murmuration", "chain": "plain chain"}


@dataclass(frozen=True)
class Round:
    """One round: both sides, one after the other, by the name of the side."""

    drained: dict[str, Drained]
    steady: dict[str, Steady]

    @property
    def ratio(self) -> float:
        """How many times as many orders a second Murmuration fulfils."""
        return self.drained["murmuration"].rate / self.drained["chain"].rate


def report(rounds: Sequence[Round], postgres: str, broker: str) -> str:
    """Returns the table: medians of the rounds, and from the lowest to the highest where it matters."""
    return "\n".join(_lines(rounds, postgres, broker))


def _lines(rounds: Sequence[Round], postgres: str, broker: str) -> Iterator[str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield ""
    yield (
        f"{rounds[0].drained['chain'].orders} orders, {len(rounds)} round(s), {cores} cores, "
        f"Python {platform.python_version()}, PostgreSQL {postgres}, broker {broker.partition(':')[0] or 'pgmq'}"
    )
    yield ""
    yield _row("", NAMES.__getitem__)
    yield _row("orders a second", lambda side: _spread([r.drained[side].rate for r in rounds]))
    yield _row("SQL statements an order", lambda side: _each(rounds, side, lambda d: d.statements / d.orders))
    yield _row("commits an order", lambda side: _each(rounds, side, lambda d: d.commits / d.orders))
    yield _row("ms of CPU an order, Python", lambda side: _each(rounds, side, lambda d: 1000 * d.python / d.orders))
    yield _row("ms of CPU an order, PostgreSQL", lambda s: _each(rounds, s, lambda d: 1000 * d.postgres / d.orders))
    if any(round_.steady for round_ in rounds):
        yield _row("ms placed to shipped, p50 / p99", lambda side: _latencies(rounds, side))
    yield ""
    yield f"ratio: {_spread([round_.ratio for round_ in rounds])}"


def _row(title: str, cell: Callable[[str], str]) -> str:
    return f"{title:<34}" + "".join(f"{cell(side):>26}" for side in NAMES)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _each(rounds: Sequence[Round], side: str, figure: Callable[[Drained], float]) -> str:
    return f"{median(figure(round_.drained[side]) for round_ in rounds):.2f}"


def _latencies(rounds: Sequence[Round], side: str) -> str:
    seconds = [latency for round_ in rounds for latency in round_.steady[side].latencies]
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"{1000 * cuts[49]:.0f} / {1000 * cuts[98]:.0f}"
