"""`make run`: everything on one machine with one command (`python -m config.run`).

Database, migrations, demo data, workers, relay and web, in this order; the panel is printed when an order has really
gone through all of them. Whatever goes wrong is one line on stderr and an exit status other than 0.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connections

from config.embedded import EmbeddedPostgres, EmbeddedPostgresError, forget_other_servers, private_socket_directory
from config.supervisor import ChildDiedError, Program, Supervisor, end_leftovers
from config.terminal import accept_every_letter, say
from config.warmup import NotWorkingError, panel, queues, wait_until_it_works

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
# An ERROR is for the client that asked, and so is being too early or too late.
POSTGRES_TROUBLE = re.compile(r"PANIC|FATAL(?!:  the database system is)")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotStartError(Exception):
    """Nothing can be started here; the message says what to change."""


def main() -> int:
    """Runs until Ctrl-C or SIGTERM; returns the exit status."""
    accept_every_letter()
    for stop in STOP_SIGNALS:
        signal.signal(stop, signal.default_int_handler)
    try:
        port, folder = _port(), Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute()
        with _only_one_in(folder):
            _check_free(port)
            _run(port, folder)
        return 0
    except KeyboardInterrupt:
        say("Everything is stopped. The data stays where it is.")
        return 0
    except (CannotStartError, EmbeddedPostgresError, ChildDiedError, NotWorkingError) as reason:
        return _fail(reason)
    except (DatabaseError, CommandError, ImproperlyConfigured) as reason:
        return _fail(reason)


def _fail(reason: Exception) -> int:
    sys.stderr.write(f"murmuration: {' '.join(str(reason).split())}\n")
    return 1


def _run(port: int, folder: Path) -> None:
    if left := end_leftovers(folder):
        say(f"Ended {left} process(es) that an earlier run had left behind when it was killed.")
    with _socket_directory(folder / "database-url") as sockets, _supervised(folder) as supervisor:
        _start_database(supervisor, folder, sockets)
        _prepare()
        for program in _programs(port):
            supervisor.start(program)
        say("starting   workers, relay and web; their logs are in " + str(folder / "log"))
        site = f"http://{HOST}:{port}"
        shown = wait_until_it_works(supervisor, site)
        connections.close_all()
        say(panel(site, shown))
        supervisor.watch()


@contextmanager
def _supervised(folder: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(folder, say)
    try:
        yield supervisor
    finally:
        for stop in STOP_SIGNALS:
            signal.signal(stop, signal.SIG_IGN)  # stopping is bounded by the programs' graces: 15 s in all
        say("\nStopping …")
        if settings.configured:  # else there are none, and asking would fail before the programs are stopped
            connections.close_all()
        supervisor.stop()


@contextmanager
def _socket_directory(address: Path) -> Iterator[Path]:
    """A new directory; the file with the address never outlives it, for then anybody could make it again."""
    address.unlink(missing_ok=True)
    directory = private_socket_directory()
    try:
        yield directory
    finally:
        address.unlink(missing_ok=True)
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _only_one_in(folder: Path) -> Iterator[None]:
    """Holds `run.lock`; the kernel gives it back when this process ends, however it ends."""
    try:
        (folder / "log").mkdir(parents=True, exist_ok=True)
        (folder / "log").chmod(0o700)
        lock = (folder / "run.lock").open("a+")
    except OSError as error:
        raise CannotStartError(f"Cannot write to {folder}: {error.strerror}. VAR_DIR names another folder.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStartError(f"It is already running here, as process {lock.read().strip()}.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise CannotStartError(f"PORT has to be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStartError(f"Port {port}: {error.strerror}. PORT=8001 make run takes another.") from error


def _start_database(supervisor: Supervisor, folder: Path, sockets: Path) -> None:
    """Starts the embedded PostgreSQL, unless DATABASE_URL names another server."""
    if os.environ.get("DATABASE_URL"):
        say("database   the one of DATABASE_URL")
        return
    forget_other_servers()
    postgres = EmbeddedPostgres(folder / "postgres", sockets, {})
    say(f"database   PostgreSQL 18 in {postgres.data}" + ("" if postgres.data.exists() else ", which is new"))
    postgres.create_files()
    child = supervisor.start(Program("database", postgres.command, 5, signal.SIGINT, POSTGRES_TROUBLE, outlives=True))
    postgres.wait_until_ready(child.process)
    (folder / "database-url").write_text(postgres.url + "\n")  # for `python manage.py ...` beside this
    os.environ["DATABASE_URL"] = postgres.url


def _prepare() -> None:
    _read_settings()
    BaseCommand().check()
    call_command("migrate", verbosity=0, interactive=False)
    if settings.DEBUG:
        call_command("seed_demo", verbosity=0)
    else:
        call_command("collectstatic", verbosity=0, interactive=False)


def _read_settings() -> None:
    """Raises: ImproperlyConfigured or CannotStartError."""
    module = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
        queues()
    except ImproperlyConfigured:
        raise
    except Exception as error:  # whose message is not shown: a setting may be a secret
        raise CannotStartError(f"The settings in {module} do not work here: {type(error).__name__}.") from error


def _programs(port: int) -> list[Program]:
    """What runs beside the database, in the order of starting; the last is stopped first."""
    quick, effects, webhooks = queues()
    manage = [sys.executable, str(ROOT / "manage.py")]
    celery = [sys.executable, "-m", "celery", "--workdir", str(ROOT), "-A", "config", "worker", "--loglevel", "INFO"]
    gunicorn = [sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "--config", "python:config.gunicorn"]
    return [
        Program("worker", [*celery, "-n", "worker@%h", "-Q", ",".join(quick)], 9),
        Program("effects", [*celery, "-n", "effects@%h", "-Q", ",".join(effects)], 9),
        Program("webhooks", [*celery, "-n", "webhooks@%h", "-Q", ",".join(webhooks)], 9),
        Program("relay", [*manage, "relay"], 9),
        Program("web", [*gunicorn, "--bind", f"{HOST}:{port}", "config.wsgi"], 9),
    ]


if __name__ == "__main__":
    sys.exit(main())
