"""The worker's pool: a worker ends when one of its processes was killed at a moment that the others do not outlive.

On a broker without an event loop, such as pgmq, the pool's processes take their tasks from one pipe in turn, and the
one that waits there has a lock in its hands. Killed while it waits, by the kernel when memory is short, it takes the
lock with it: no other process of the worker ever gets a task again, and nothing says so. A new worker has a new lock.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Any

from billiard.pool import RUN
from celery.concurrency import prefork
from celery.utils.log import get_logger

log = get_logger(__name__)
# Seconds that the tasks under way have to end; what is not done by then its lease hands on.
GRACE = 20.0


class TaskPool(prefork.TaskPool):
    """Celery's pool of processes, which ends the worker instead of standing still."""

    _pool: Any

    def on_start(self) -> None:
        if self.options.get("threads", True):  # else the event loop hands each process its own tasks
            self.options["on_process_down"] = self._see_why
        super().on_start()

    def _see_why(self, process: Any) -> None:
        """What was killed in the middle of a task has no lock, and is replaced as ever."""
        killed = (process.exitcode or 0) < 0 and not getattr(process, "_controlled_termination", False)
        if killed and self._pool._state == RUN and not self._had_a_task(process.pid):
            log.critical("Process %s was killed while it was idle; this worker ends.", process.pid)
            self._let_tasks_end()
            self._end()

    def _had_a_task(self, pid: int) -> bool:
        return any(pid in job.worker_pids() for job in list(self._pool._cache.values()))

    def _let_tasks_end(self) -> None:
        until = time.monotonic() + GRACE
        while time.monotonic() < until and any(job._accepted for job in list(self._pool._cache.values())):
            time.sleep(0.1)

    def _end(self) -> None:
        for process in self._pool._pool:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        os._exit(1)
