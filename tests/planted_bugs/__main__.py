"""`make plant`: plants every bug, one after the other, and says which of them the tests have caught."""

from __future__ import annotations

import sys
import time

from tests.planted_bugs.bugs import BUGS
from tests.planted_bugs.planting import verdict_on


def main(words: str) -> int:
    """Plants the bugs with these words in their names (all, if there are none); returns the exit status."""
    chosen = [bug for bug in BUGS if words in bug.name]
    caught = 0
    for bug in chosen:
        started = time.monotonic()
        verdict = verdict_on(bug)
        caught += verdict.caught
        print(f"{bug.name}: {verdict} ({time.monotonic() - started:.0f} s)", flush=True)  # noqa: T201
        if not verdict.caught:
            print(verdict.said[-3_000:], file=sys.stderr)  # noqa: T201
    print(f"{caught} of {len(chosen)} planted bugs caught")  # noqa: T201
    return 0 if chosen and caught == len(chosen) else 1


sys.exit(main(" ".join(sys.argv[1:])))
