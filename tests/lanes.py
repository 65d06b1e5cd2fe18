"""How `make test` shares the tests out between two workers, each with a database server of its own.

What starts processes and waits for them runs in one lane, one after the other, so that no two such tests take the
machine's cores from one another. All other tests of a file stay together, for what their modules have prepared.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling

STARTS_PROCESSES = (
    "tests/browser/", "tests/faults/", "tests/journeys/", "tests/platform/", "tests/payments_stripe/test_kills.py",
)  # fmt: skip
LONG = ("tests/every_order/",)


class Lanes(LoadScopeScheduling):  # type: ignore[misc]
    """One unit of work for everything that starts processes, and one for each file of other tests."""

    def _split_scope(self, nodeid: str) -> str:
        return "processes" if nodeid.startswith(STARTS_PROCESSES) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Takes these lanes unless the command line asks for another way (`--dist`)."""
    return Lanes(config, log) if config.getoption("dist") == "load" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first: begun last it would run alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(item.nodeid, (STARTS_PROCESSES, LONG)))


def _turn(nodeid: str, first: Sequence[tuple[str, ...]]) -> int:
    return next((turn for turn, prefixes in enumerate(first) if nodeid.startswith(prefixes)), len(first))
