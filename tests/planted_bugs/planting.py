"""Planting a bug in a copy of the project, never in the project itself, and asking its tests whether they see it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.planted_bugs.bug import Bug

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 900  # seconds for the tests of one bug
RUNS_OF_THE_MACHINE = "400"
TESTS_FAILED = 1  # pytest's exit status

INVARIANT = re.compile(r"^E .*does not hold: ([^\n(]+)", re.MULTILINE)
# A test fails also when what it has watched is found wanting at its end; what fails at its beginning says nothing.
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+::\S+)", re.MULTILINE)
AT_BEGINNING = re.compile(r"ERROR (?:at setup of|collecting)")


@dataclass(frozen=True)
class Verdict:
    """Which test has seen the bug (none: it was not caught), what it named, and all that was said."""

    test: str
    invariant: str
    said: str

    @property
    def caught(self) -> bool:
        return bool(self.test)

    def __str__(self) -> str:
        if not self.caught:
            return "NOT CAUGHT"
        return f"caught by {self.test}" + (f": {self.invariant}" if self.invariant else "")


def verdict_on(bug: Bug) -> Verdict:
    """Plants the bug in a copy and runs its tests until one fails.

    Raises: Stale when the bug cannot be planted.
    """
    with copy_of_the_project() as copy:
        bug.plant(copy)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", *bug.tests]
        environment = {
            **os.environ,
            "EVERY_ORDER_SEED": "1",
            "EVERY_ORDER_RUNS": RUNS_OF_THE_MACHINE,
            "EVERY_ORDER_PROCESSES": "1",
            "EVERY_ORDER_AS_FOUND": "yes",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        asked = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    return _read(asked.stdout + asked.stderr, failed=asked.returncode == TESTS_FAILED)


def _read(said: str, *, failed: bool) -> Verdict:
    """Only a test that has failed has caught something; one that could not even begin has not."""
    test, invariant = FAILED.search(said), INVARIANT.search(said)
    if not failed or test is None or AT_BEGINNING.search(said):
        return Verdict("", "", said)
    return Verdict(test[1], invariant[1].strip() if invariant else "", said)


@contextmanager
def copy_of_the_project() -> Iterator[Path]:
    """Copies what git knows or would know, as it is now; the environment is shared."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder)
        copy.chmod(0o755)  # PostgreSQL's own user passes through it
        for file in filter(None, files):
            if (ROOT / file).exists():
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, copy / file)
        yield copy
