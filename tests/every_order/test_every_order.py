"""Hypothesis looks for an order of happenings that breaks a promise."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

import pytest

from tests.every_order.exploring import Exploration, asked_for


@pytest.mark.usefixtures("shop")
def test_everything_fits_together_in_every_order(capsys: pytest.CaptureFixture[str]) -> None:
    exploration, started = asked_for(), time.monotonic()
    mine, *others = exploration.shares()
    with ExitStack() as beside:
        for other in others:
            beside.enter_context(other.beside())
        run(mine)
    with capsys.disabled():
        sys.stdout.write(f"\n{exploration.runs:,} runs in {time.monotonic() - started:.0f} s ({exploration})\n")


def run(exploration: Exploration) -> None:
    try:
        exploration.run()
    except BaseException as error:
        error.add_note(f"The same again: {exploration}")
        raise
