"""Keeps a handful of processes alive: starts them, writes their logs, starts again what dies, ends them in order."""

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Thread

import psutil

ALARMING = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC|Traceback)\b|\"level\": ?\"(error|critical)\"", re.IGNORECASE)
EXCEPTION = re.compile(r"[\w.]+: ")  # how the last lines of a traceback begin
LOG_BYTES = 5_000_000
LONGEST_PAUSE = 30.0


class ChildDiedError(Exception):
    """A process ended while everything was still being started."""


@dataclass(frozen=True)
class Program:
    """A command that is to run all the time.

    `grace` is how many seconds it has to end after `stop_signal`; what `outlives` the others is ended after them.
    """

    name: str
    command: list[str]
    grace: float = 5.0
    stop_signal: signal.Signals = signal.SIGTERM
    alarming: re.Pattern[str] = ALARMING
    outlives: bool = False


@dataclass
class Child:
    """A running program; `failures` counts its deaths in a row and `again_at` is when it may be started again."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    again_at: float | None = None

    @property
    def ended(self) -> str:
        """How it ended, for people; empty while it runs."""
        status = self.process.poll()
        if status is None:
            return ""
        return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"


@dataclass
class Supervisor:
    """The children in the order in which they were started; each in a process group of its own.

    `folder` receives `log/NAME.log` and `children.json`, from which the next start finds what this one left behind
    if it is killed; `say` tells the person at the terminal.
    """

    folder: Path
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)

    def start(self, program: Program) -> Child:
        """Starts a program and follows its output."""
        child = Child(program, self._spawn(program), time.monotonic())
        self.children.append(child)
        self._remember()
        return child

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Returns whether `ready` came true in time.

        Raises: ChildDiedError when a child ends meanwhile: what dies while starting will not get better.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            for child in self.children:
                if child.ended:
                    raise ChildDiedError(f"{child.program.name} {child.ended}: {self._last_words(child.program)}")
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def watch(self) -> None:
        """Starts again what dies, with growing pauses; returns only by an exception."""
        while True:
            for child in self.children:
                self._revive(child)
            time.sleep(0.2)

    def stop(self) -> None:
        """Ends the children, those started last first; one that has used up its grace is killed with its group."""
        latest_first = self.children[::-1]
        _end([child for child in latest_first if not child.program.outlives])
        _end([child for child in latest_first if child.program.outlives])
        self.children.clear()
        (self.folder / "children.json").unlink(missing_ok=True)

    def _revive(self, child: Child) -> None:
        if not child.ended:
            return
        now = time.monotonic()
        if child.again_at is None:
            child.failures = 1 if now - child.started > LONGEST_PAUSE else child.failures + 1
            pause = min(2.0 ** (child.failures - 1), LONGEST_PAUSE)
            child.again_at = now + pause
            self.say(
                f"{child.program.name} {child.ended}; starting it again in {pause:.0f} s ({self._log(child.program)})"
            )
        elif now >= child.again_at:
            _kill_group(child.process.pid)  # what the dead process left of its own children
            child.process, child.started, child.again_at = self._spawn(child.program), now, None
            self._remember()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own command
            dies_with_parent(program.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        Thread(target=self._follow, args=(program, process), daemon=True).start()
        return process

    def _follow(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        log = _log_file(self._log(program))
        with process.stdout or BytesIO() as output:
            for raw in output:
                line = raw.decode(errors="replace").rstrip()
                log.emit(logging.makeLogRecord({"msg": line}))
                if program.alarming.search(line):
                    self.say(f"{program.name} | {line[:300]}")
        log.close()

    def _log(self, program: Program) -> Path:
        return self.folder / "log" / f"{program.name}.log"

    def _last_words(self, program: Program) -> str:
        time.sleep(0.2)  # its last lines are still on their way through the pipe
        lines = [line for line in self._log(program).read_text(errors="replace").splitlines() if line.strip()]
        exceptions = [line for line in lines[-20:] if EXCEPTION.match(line)]
        return (exceptions or lines or ["it said nothing"])[-1]

    def _remember(self) -> None:
        alive = [child.process.pid for child in self.children if not child.ended]
        with suppress(psutil.NoSuchProcess):
            born = {str(pid): psutil.Process(pid).create_time() for pid in alive}
            unfinished = self.folder / "children.json.unfinished"
            unfinished.write_text(json.dumps(born))
            unfinished.replace(self.folder / "children.json")


def dies_with_parent(command: list[str]) -> list[str]:
    """Returns the command so that the kernel kills it when its parent dies, even by SIGKILL (on Linux).

    Killed, not asked to end: its database goes at the same moment, and a Celery worker waits minutes for that.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or command[0] == setpriv:
        return command
    return [setpriv, "--pdeathsig", "KILL", *command]


def end_leftovers(folder: Path, seconds: float = 10) -> int:
    """Ends what a supervisor that was killed has left running in this folder; returns how many process groups."""
    record = folder / "children.json"
    left = [process for process in map(_alive, _recorded(record).items()) if process]
    for process in left:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(left, timeout=seconds)
    for process in stubborn:
        _kill_group(process.pid)
    psutil.wait_procs(stubborn, timeout=5)
    record.unlink(missing_ok=True)
    return len(left)


def _recorded(record: Path) -> dict[str, float]:
    """Returns what was running; nothing, if a power cut has emptied the record: nothing has survived that."""
    try:
        born: dict[str, float] = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return born


def _alive(item: tuple[str, float]) -> psutil.Process | None:
    """Returns the process if it is still the one that was recorded, and not another that got its number."""
    pid, born = item
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(pid))
        if process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _end(children: list[Child]) -> None:
    """Asks all of them to end, in this order, and waits for each until its grace is over."""
    asked = time.monotonic()
    for child in children:
        if not child.ended:
            child.process.send_signal(child.program.stop_signal)
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, asked + child.program.grace - time.monotonic()))
        _kill_group(child.process.pid)
        child.process.wait()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _log_file(path: Path) -> RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
