"""The database server of the benchmark, and the database of each run."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from config.embedded import EmbeddedPostgres, forget_other_servers, private_socket_directory
from config.supervisor import Program, Supervisor

TEMPLATE = "murmuration_benchmark"
ONE_RUN = "murmuration_benchmark_run"


@dataclass(frozen=True)
class Server:
    """A server; `process` is its process id, if it was started here."""

    url: str
    process: int | None = None

    def database(self, name: str) -> str:
        """Returns the address of the database `name`."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    @contextmanager
    def created(self, name: str, template: str = "template1") -> Iterator[str]:
        """Creates a database, a copy of the template, and drops it at the end; yields its address."""
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        self._run("CHECKPOINT")  # what was written so far burdens nobody's run
        try:
            yield self.database(name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def version(self) -> str:
        with psycopg.connect(self.url) as connection:
            return str(connection.execute("SHOW server_version").fetchall()[0][0])

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def embedded_server(folder: Path) -> Iterator[Server]:
    """Starts an empty server with the durability of `make run`: each commit is on disk before it is answered."""
    forget_other_servers()
    with ExitStack() as ending:
        sockets = private_socket_directory()
        ending.callback(shutil.rmtree, sockets, ignore_errors=True)
        postgres = EmbeddedPostgres(folder / "postgres", sockets, {})
        postgres.create_files()
        supervisor = Supervisor(folder, lambda line: None)
        ending.callback(supervisor.stop)
        child = supervisor.start(Program("database", postgres.command, 10, signal.SIGINT))
        postgres.wait_until_ready(child.process)
        yield Server(postgres.url, child.process.pid)
