"""Real processes for tests: relays and Celery workers, each with a process group of its own, none of which survives."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from outbox.models import Delivery, Dispatch, Heartbeat, PendingEvent

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0

T = TypeVar("T")


def wait_until(condition: Callable[[], T], words: str, seconds: float = PATIENCE) -> T:
    """Returns the condition's first true answer.

    Raises:
        AssertionError: there was none in time.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {words}"
        time.sleep(0.02)
    return answer


def quiet() -> bool:
    """Whether nothing is in flight; a timer that is an hour away is quiet, and so is what is paused."""
    soon = Now() + timedelta(minutes=10)
    active = Delivery.objects.filter(reaction__paused=False)
    with transaction.atomic(), connection.cursor() as cursor:
        # One snapshot, or a delivery that is sent and handed back meanwhile is seen in neither state.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return not (
            PendingEvent.objects.exists()
            or active.filter(state="dispatched").exists()
            or active.filter(state="waiting", due_at__lt=soon).exists()
            or Dispatch.objects.filter(closed_at=None).exists()
        )


def database_url() -> str:
    """Returns the address of the database that this test uses, for the processes that it starts."""
    server: str = settings.DATABASE_URL
    return urlsplit(server)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


class Process:
    """A process that leads its own group; its output goes to `log`. As a worker it calls itself `node`."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path, node: str = "") -> None:
        self.node = node
        self.log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.pid = self._popen.pid

    def signal(self, number: signal.Signals) -> None:
        """Sends the signal to the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> int:
        """Kills the whole group and returns the leader's exit status."""
        self.signal(signal.SIGKILL)
        return self._popen.wait(PATIENCE)

    def kill_in_the_act(self) -> bool:
        """Kills a worker at a moment at which it has begun a dispatch and not finished it.

        Returns whether there was such a moment before everything was quiet; it is dead in any case.
        """
        while not (caught := self._is_at_it()) and not quiet():
            self.signal(signal.SIGCONT)
            time.sleep(0.005)
        self.kill()
        return caught

    def _is_at_it(self) -> bool:
        self.signal(signal.SIGSTOP)
        return Dispatch.objects.filter(worker=self.node, started__gt=0, closed_at=None).exists()

    def ask_to_stop(self) -> None:
        """Asks the leader to end, as an operator would."""
        self._popen.terminate()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Returns the leader's exit status once it has ended by itself."""
        return self._popen.wait(seconds)

    def lives(self) -> bool:
        return self._popen.poll() is None

    def beats(self) -> bool:
        """Whether its heartbeat says that it is at work."""
        assert self.lives(), f"it has ended: {self.output()[-2_000:]}"
        return self.has_row()

    def has_row(self) -> bool:
        return Heartbeat.objects.filter(name__endswith=f":{self.pid}").exists()

    def output(self) -> str:
        return self.log.read_text(errors="replace")


class Processes:
    """Starts processes in one environment, and knows them all."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self._started: list[Process] = []

    def start(self, name: str, *arguments: str, **environment: str) -> Process:
        """Starts `python ARGUMENTS`."""
        number = len(self._started)
        log = self.folder / f"{number}-{name}.log"
        node = f"{number}@{socket.gethostname()}"
        process = Process([sys.executable, *arguments], {**self.environment, **environment}, log, node)
        self._started.append(process)
        return process

    def relay(self, **environment: str) -> Process:
        """Starts a relay."""
        return self.start("relay", "manage.py", "relay", **environment)

    def worker(self, *queues: str, **environment: str) -> Process:
        """Starts a worker of two processes on these queues."""
        names = ["-Q", ",".join(queues), "-n", f"{len(self._started)}@%h"]
        options = ["--loglevel", "INFO", "--concurrency", "2"]
        return self.start("worker", "-m", "celery", "-A", "config", "worker", *names, *options, **environment)

    def wait_until_at_work(self) -> None:
        """Returns when every process that lives has a heartbeat."""
        for process in self._started:
            if process.lives():
                wait_until(process.beats, f"{process.log.name} is at work")

    def end_all(self) -> None:
        """Kills what still runs and says what everybody has said (which pytest shows if the test has failed)."""
        for process in self._started:
            process.kill()
        for process in self._started:
            sys.stdout.write(f"--- {process.log.name}\n{process.output()}\n")


@contextmanager
def real_processes(folder: Path, **environment: str) -> Iterator[Processes]:
    """Yields a starter of processes on this test's database; whatever happens, none of them survives."""
    processes = Processes(folder, {"DATABASE_URL": database_url(), **environment})
    try:
        yield processes
    finally:
        processes.end_all()
