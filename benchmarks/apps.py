"""The app `benchmarks`: counts the SQL statements of the processes that it is installed in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

# The file that receives one byte for each statement. An append is atomic and survives forks, so its size is the count.
COUNT_IN = "BENCHMARK_STATEMENTS"


class BenchmarksConfig(AppConfig):
    name = "benchmarks"

    def ready(self) -> None:
        if path := os.environ.get(COUNT_IN):
            Counter(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)).install()


class Counter:
    """Notes each statement of every Django connection of this process and of those forked from it."""

    def __init__(self, file: int) -> None:
        self._file = file

    def install(self) -> None:
        connection_created.connect(self._watch, weak=False)

    def _watch(self, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if self._note not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._note)

    def _note(self, execute: Callable[..., Any], *statement: Any) -> Any:
        os.write(self._file, b".")
        return execute(*statement)
