"""`make run`: everything starts, an order goes through, everything ends, and what is wrong is one clear line."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

NOWHERE = "postgres://nobody@127.0.0.1:1/none"
STARTED = "Ctrl-C stops everything"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a newcomer has: neither a database nor a broker, and a port that is free."""
    theirs = {"DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in theirs}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {**kept, "VAR_DIR": str(tmp_path / "var"), "PORT": str(probe.getsockname()[1])}


@contextmanager
def make_run(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Starts it and yields it, with the lines it has printed, once it says that all is well."""
    command = [sys.executable, "-m", "config.run"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        try:
            assert run.stdout
            lines: list[str] = []
            for line in run.stdout:
                lines.append(line)
                if STARTED in line:
                    break
            else:
                pytest.fail("".join(lines))
            yield run, lines
        finally:
            run.terminate()


def refused(environment: dict[str, str]) -> str:
    """Returns the one line with which it refuses to start."""
    done = subprocess.run(
        [sys.executable, "-m", "config.run"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("murmuration: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it has gone between the two questions
        return False


def test_one_command_starts_everything_and_the_next_start_goes_on_after_whatever_ended_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a b").mkdir()
    with make_run(environment) as (run, lines):
        assert re.search(r"ORD-\d+-000001 was shipped", "".join(lines))
        _place_by_the_printed_command(lines)
        assert "is already running here" in refused(environment)
        _kill_the_relay_and_see_it_again(run)
        everybody = psutil.Process(run.pid).children(recursive=True)
        run.kill()
    wait_for(lambda: not any(alive(process) for process in everybody))

    folder = Path(environment["VAR_DIR"])
    (folder / "mail").chmod(0o755)  # as by an older release
    odd = {"PYTHONIOENCODING": "latin-1", "PGPORT": "6543", "PGHOSTADDR": "192.0.2.1", "TMPDIR": str(tmp_path / "a b")}
    with make_run({**environment, **odd}) as (run, lines):
        assert re.search(r"ORD-\d+-000003 was shipped", "".join(lines))
        _show_the_demo_in_latin_1(environment)
        everybody = psutil.Process(run.pid).children(recursive=True)
        assert (folder / "database-url").exists()
        assert (folder / "mail").stat().st_mode & 0o077 == 0
        run.send_signal(signal.SIGINT)
        assert run.wait(20) == 0
        assert not any(alive(process) for process in everybody)
        assert not (folder / "database-url").exists()


def _place_by_the_printed_command(lines: list[str]) -> None:
    curl = next(line for line in lines if line.startswith("curl "))
    placed = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, check=True)
    assert '"status":"placed"' in placed.stdout


def _show_the_demo_in_latin_1(environment: dict[str, str]) -> None:
    shown = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        env={**environment, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "  ? shipped\n" in shown.stdout


def _kill_the_relay_and_see_it_again(run: subprocess.Popen[str]) -> None:
    def relays() -> list[psutil.Process]:
        return [child for child in psutil.Process(run.pid).children() if "relay" in child.cmdline()]

    assert run.stdout
    relays()[0].kill()
    assert any("relay was killed by SIGKILL; starting it again" in line for line in run.stdout)
    wait_for(lambda: bool(relays()))


def test_a_port_that_is_taken(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["PORT"])))
        taken.listen()
        assert f"Port {environment['PORT']}: Address already in use" in refused(environment)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "8000 "])
def test_a_port_that_is_none(environment: dict[str, str], port: str) -> None:
    assert "PORT has to be a number" in refused({**environment, "PORT": port})


def test_a_folder_that_cannot_be_written(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Cannot write to" in refused({**environment, "VAR_DIR": str(tmp_path / "file" / "var")})


def test_a_database_that_is_not_there(environment: dict[str, str]) -> None:
    assert "connection" in refused({**environment, "DATABASE_URL": NOWHERE})


def test_what_an_earlier_run_has_left_open_is_closed(environment: dict[str, str]) -> None:
    (folder := Path(environment["VAR_DIR"])).mkdir()
    (folder / "log").mkdir(mode=0o755)
    (folder / "database-url").write_text(NOWHERE)  # which anybody could build anew, once the run is over
    refused({**environment, "DATABASE_URL": NOWHERE})
    assert not (folder / "database-url").exists()
    assert (folder / "log").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"DATABASE_URL": "mysql://me:secret@host/name"}, "DATABASE_URL has to be like postgres://"),
        ({"CELERY_BROKER_URL": "pgmq://me:p@secret@host/name"}, "CELERY_BROKER_URL has to be like"),
        ({"WORKER_CONCURRENCY": "secret"}, "WORKER_CONCURRENCY cannot be read"),
        ({"DJANGO_SETTINGS_MODULE": "another.project"}, "another.project do not work here: ModuleNotFoundError"),
        ({"DJANGO_SETTINGS_MODULE": "django.conf.global_settings"}, "global_settings do not work here: AttributeError"),
        ({"DEBUG": "off", "SECRET_KEY": "secret"}, "payments.E001"),
    ],
)
def test_a_setting_that_is_wrong(environment: dict[str, str], wrong: dict[str, str], words: str) -> None:
    refusal = refused({**environment, "DATABASE_URL": NOWHERE, **wrong})
    assert words in refusal
    assert "secret" not in refusal


def test_the_database_is_stopped_when_the_settings_are_wrong(environment: dict[str, str]) -> None:
    refused({**environment, "WORKER_CONCURRENCY": "many"})
    log = Path(environment["VAR_DIR"]) / "log" / "database.log"
    assert "database system is shut down" in log.read_text()


@pytest.mark.parametrize("command", [["manage.py", "relay"], ["-m", "celery", "-A", "config", "worker"]])
def test_nothing_works_outside_the_sandbox_without_a_provider(environment: dict[str, str], command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        env={**environment, "DATABASE_URL": NOWHERE, "DEBUG": "off", "SECRET_KEY": "for tests only"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "payments.E001" in done.stderr
