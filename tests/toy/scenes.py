"""How the toy misbehaves: as the note of an event asks, at the point that the note names.

Notes work in any process: `raise@echo`, `kill@after call`, `sleep@record:5`. `kill all` kills the whole worker, and
`kill once` only who comes first: the mark that somebody did is a file in the directory TOY_MARKS. A test in the same
process may stage a scene of its own: a function, called with each point and order that the note carrying its name
passes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

Scene = Callable[[str, UUID], None]

scenes: dict[str, Scene] = {}


class AskedTo(RuntimeError):
    """The note of the event asked for this failure."""


def act_out(point: str, note: str, order_id: UUID) -> None:
    """Does at this point what the note asks for."""
    if note in scenes:
        scenes[note](point, order_id)
        return
    what, _, where = note.partition("@")
    place, _, argument = where.partition(":")
    if place != point or (what.endswith(" once") and not _is_first_at(point)):
        return
    what = what.removesuffix(" once")
    if what == "raise":
        raise AskedTo(f"asked to raise at {point}")
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "kill all":
        os.killpg(0, signal.SIGKILL)
    if what == "sleep":
        time.sleep(float(argument))


def _is_first_at(point: str) -> bool:
    try:
        (Path(os.environ["TOY_MARKS"]) / point).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def failing_once(at: str, points: list[str]) -> Scene:
    """A scene that raises the first time that it comes to this point, and notes every point."""

    def scene(point: str, order_id: UUID) -> None:
        points.append(point)
        if point == at and points.count(at) == 1:
            raise AskedTo(f"asked to raise at {point}")

    return scene
