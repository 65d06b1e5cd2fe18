"""Exploring: so many runs of the machine from a seed, by a process for each processor.

The default is what fits into `make test`; `make explore` makes longer runs, and more of them.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
from django.conf import settings
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from tests.every_order.machine import EveryOrder

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent.relative_to(ROOT)
SETTINGS = hypothesis.settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
# As found, when nobody wants to wait for the shortest run that shows the same.
AS_FOUND = (Phase.generate,)


@dataclass(frozen=True)
class Exploration:
    """So many runs of so many steps at most, from a seed; the runs are shared out among processes."""

    seed: int
    runs: int
    steps: int
    processes: int

    def run(self) -> None:
        """Makes the runs in this process.

        Raises: whatever a run that breaks a promise raises; the shortest such run is printed.
        """
        phases = AS_FOUND if "EVERY_ORDER_AS_FOUND" in os.environ else SETTINGS.phases
        limits = hypothesis.settings(SETTINGS, max_examples=self.runs, stateful_step_count=self.steps, phases=phases)
        run_state_machine_as_test(hypothesis.seed(self.seed)(EveryOrder), settings=limits)

    def shares(self) -> list[Exploration]:
        """Divides the runs: each process has a seed of its own."""
        runs = -(-self.runs // self.processes)
        return [replace(self, seed=self.seed + n, runs=runs, processes=1) for n in range(self.processes)]

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Makes the runs in another process, on a database of its own, which ends when this block does.

        Raises: AssertionError with what it said when it has found something.
        """
        command = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
        with subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **self.as_environment()},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as other:  # fmt: skip
            try:
                yield
                said, _ = other.communicate()
            finally:
                other.kill()
        assert other.returncode == 0, said

    def as_environment(self) -> dict[str, str]:
        """Returns what tells another process to make these runs, on the same server in another database."""
        server = urlsplit(settings.DATABASE_URL)
        return {
            "EVERY_ORDER_SEED": str(self.seed),
            "EVERY_ORDER_RUNS": str(self.runs),
            "EVERY_ORDER_STEPS": str(self.steps),
            "EVERY_ORDER_PROCESSES": str(self.processes),
            "TEST_DATABASE_URL": server._replace(path=f"{server.path}_{self.seed}").geturl(),
        }

    def __str__(self) -> str:
        """The command that makes exactly these runs again."""
        return f"make explore SEED={self.seed} RUNS={self.runs} STEPS={self.steps} PROCESSES={self.processes}"


def asked_for() -> Exploration:
    """Returns what the environment asks for; a seed that nobody has chosen is a new one."""
    return Exploration(
        seed=int(os.environ.get("EVERY_ORDER_SEED") or random.randrange(1_000_000)),
        runs=int(os.environ.get("EVERY_ORDER_RUNS", "1500")),
        steps=int(os.environ.get("EVERY_ORDER_STEPS", "10")),
        processes=int(os.environ.get("EVERY_ORDER_PROCESSES") or os.cpu_count() or 1),
    )
