"""What the work has cost: time of processors, statements, commits."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
from django.db import connection

from benchmarks.apps import COUNT_IN

COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


def cpu_seconds(roots: Iterable[int]) -> float:
    """Returns the processor time of these processes and all that they started, ended ones included."""
    used = 0.0
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            used += sum(_own(one) for one in [process, *process.children(recursive=True)])
    return used


def _own(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def statements() -> int:
    """Returns how many statements the processes have executed through Django."""
    path = Path(os.environ[COUNT_IN])
    return path.stat().st_size if path.exists() else 0


def commits() -> int:
    """Returns the transactions that the database has committed, as far as the sessions have reported them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(COMMITS)
        return int(cursor.fetchone()[0])
