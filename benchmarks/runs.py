"""Runs, each in a process and on a database of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.result import Drained, Steady
from benchmarks.server import ONE_RUN, TEMPLATE, Server
from config.supervisor import dies_with_parent

ROOT = Path(__file__).resolve().parent.parent
# What would change what is compared.
NOT_OURS = {
    "PYTHONDONTWRITEBYTECODE",
    "WORKER_CONCURRENCY",
    "EMAIL_URL",
    "SANDBOX_PROVIDER_URL",
    "CELERY_REMOTE_CONTROL",
    "STATEMENT_TIMEOUT_MS",
}


class RunFailed(RuntimeError):
    """A run was void or broke off; it has said why."""


@dataclass(frozen=True)
class Runs:
    """Runs on copies of a prepared database; `folder` is for logs, mails and counts, `broker` a URL or empty."""

    server: Server
    folder: Path
    broker: str

    @classmethod
    @contextmanager
    def prepared(cls, server: Server, folder: Path, broker: str) -> Iterator[Runs]:
        """Migrates and fills the database that the runs copy.

        Raises: RunFailed.
        """
        runs = cls(server, folder, broker)
        with server.created(TEMPLATE) as url:
            runs._run(url, "prepare")
            yield runs

    def drain(self, side: str, orders: int) -> Drained:
        """Raises: RunFailed."""
        return msgspec.json.decode(self._measured("drain", side, orders), type=Drained)

    def steady(self, side: str, orders: int) -> Steady:
        """Raises: RunFailed."""
        return msgspec.json.decode(self._measured("steady", side, orders), type=Steady)

    def _measured(self, kind: str, side: str, orders: int) -> bytes:
        options = ["--side", side, "--orders", str(orders)]
        if self.server.process:
            options += ["--server", str(self.server.process)]
        with self.server.created(ONE_RUN, TEMPLATE) as url:
            return self._run(url, kind, *options)

    def _run(self, url: str, *arguments: str) -> bytes:
        folder = self.folder / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = [sys.executable, "manage.py", "benchmark_run", *arguments]
        process = subprocess.Popen(
            dies_with_parent(command),
            cwd=ROOT,
            env=self._environment(url, folder),
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us, who then end it
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise
        if process.returncode:
            raise RunFailed(f"{' '.join(arguments)}: exit status {process.returncode}")
        return output

    def _environment(self, url: str, folder: Path) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name not in NOT_OURS},
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "DATABASE_URL": url,
            "CELERY_BROKER_URL": self.broker,
            "DEBUG": "off",
            "SECRET_KEY": "for benchmarks only",
            "VAR_DIR": str(folder),
        }
