"""The embedded PostgreSQL: private, durable, as any user, on any path, and gone when its owner is."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded import LONGEST_SOCKET_DIRECTORY, EmbeddedPostgres, private_socket_directory, throw_away_server

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def running(data: Path) -> Iterator[tuple[EmbeddedPostgres, subprocess.Popen[bytes]]]:
    postgres = EmbeddedPostgres(data, private_socket_directory(), {})
    postgres.create_files()
    server = subprocess.Popen(postgres.command, stderr=subprocess.DEVNULL)
    try:
        postgres.wait_until_ready(server)
        yield postgres, server
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
        postgres.sockets.rmdir()


def ask(postgres: EmbeddedPostgres, sql: str) -> object:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(sql).fetchone()
    return row[0] if row else None


def test_it_keeps_its_data_durably_below_a_path_that_is_deep_and_has_spaces(tmp_path: Path) -> None:
    data = tmp_path.joinpath("a clone with spaces", *["deep" * 10] * 4, "postgres")
    data.parent.mkdir(parents=True)
    with running(data) as (postgres, _), psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with running(data) as (postgres, _):
        assert ask(postgres, "SELECT answer FROM kept") == 42
        for setting, value in {"fsync": "on", "synchronous_commit": "on", "data_checksums": "on"}.items():
            assert ask(postgres, f"SHOW {setting}") == value
        assert str(ask(postgres, "SHOW server_version")).startswith("18.")


def test_it_listens_on_a_socket_that_only_its_owner_can_reach(tmp_path: Path) -> None:
    with running(tmp_path / "postgres") as (postgres, server):
        assert postgres.sockets.stat().st_mode & 0o077 == 0
        assert postgres.data.stat().st_mode & 0o077 == 0
        assert len(str(postgres.sockets)) <= LONGEST_SOCKET_DIRECTORY
        assert [c for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"] == []


@pytest.mark.parametrize("name", ["x" * 120, "a blank", "100%20", "a,b", "ä"])
def test_a_temporary_directory_with_an_odd_name_does_not_matter(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("tempfile.tempdir", f"/{name}")  # it need not exist: another one is taken
    directory = private_socket_directory()
    directory.rmdir()
    assert len(str(directory)) <= LONGEST_SOCKET_DIRECTORY


def test_variables_that_speak_of_another_server_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    monkeypatch.setenv("PGOPTIONS", "--nothing")
    with throw_away_server() as postgres:
        assert ask(postgres, "SELECT 42") == 42


def test_what_was_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.unfinished").mkdir()
    (tmp_path / "postgres.unfinished" / "PG_VERSION").write_text("18\n")
    with running(tmp_path / "postgres") as (postgres, _):
        assert ask(postgres, "SELECT current_database()") == "murmuration"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal exists on Linux only")
def test_it_ends_when_its_owner_is_killed() -> None:
    command = [sys.executable, "-m", "config.embedded", sys.executable, "-c", "print('ready', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"ready\n"
        servers = [child for child in psutil.Process(owner.pid).children() if child.name() == "postgres"]
        assert len(servers) == 1
        owner.kill()
    wait_for(lambda: _has_ended(servers[0]))


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it has gone between the two questions
        return True


@as_root
def test_as_root_it_runs_as_nobody_and_without_capabilities_where_it_can(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with throw_away_server() as postgres:
        server = _server_of(postgres)
        assert server.username() == "nobody"
        reachable = _capabilities(server) == 0
        assert reachable or not _open_to_all(Path(sys.prefix))


@as_root
def test_as_root_below_a_closed_folder_it_gets_one_capability_and_opens_nothing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with running(closed / "postgres") as (_, server):
        assert _capabilities(psutil.Process(server.pid)) == 1 << 1  # CAP_DAC_OVERRIDE and no other
        assert psutil.Process(server.pid).username() == "nobody"
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_it_runs_for_an_ordinary_user(tmp_path: Path) -> None:
    user = pwd.getpwnam("daemon")
    become = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not _open_to_all(Path(sys.executable).resolve()) or not _open_to_all(Path(sys.prefix)):
        # the interpreter lies in a closed folder: the user may read what is there, and is an ordinary one otherwise
        become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    code = "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 1').fetchone())"
    done = subprocess.run(
        [*become, sys.executable, "-m", "config.embedded", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("(1,)\n", 0), done.stderr


def _server_of(postgres: EmbeddedPostgres) -> psutil.Process:
    pid = int((postgres.data / "postmaster.pid").read_text().split()[0])
    return psutil.Process(pid)


def _capabilities(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("CapPrm:\t")[1].split("\n")[0], 16)


def _open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents])
