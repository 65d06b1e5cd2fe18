"""The tests' database: a throw-away embedded PostgreSQL (fsync off), or the server of TEST_DATABASE_URL.

The broker is the queue in that database, or the one of TEST_BROKER_URL. What the shell says in DATABASE_URL and
CELERY_BROKER_URL is for the program, never for its tests.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from config.embedded import throw_away_server

running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Starts the server before anything reads Django's settings, be it pytest-django or a folder's conftest."""
    os.environ["DATABASE_URL"] = _database_url()
    os.environ["CELERY_BROKER_URL"] = os.environ.get("TEST_BROKER_URL", "")
    yield


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    running.close()


def _database_url() -> str:
    if own := os.environ.get("TEST_DATABASE_URL"):
        return own
    return running.enter_context(throw_away_server()).url
