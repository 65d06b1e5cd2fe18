"""The broker that the processes under test use, from a test's point of view."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from kombu import Connection, Producer

from config.broker import broker_settings
from tests.processes import database_url

RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"


class Broker:
    """`url` is what the processes get as CELERY_BROKER_URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        options = broker_settings(self.url, database_url(), settings.QUEUES)["CELERY_BROKER_TRANSPORT_OPTIONS"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client of pgmq warns of our using one
            with Connection(self.url or "pgmq://", transport_options={**options, "use_notify": False}) as connection:
                yield connection

    def purge(self) -> int:
        """Empties the queues, making those that are missing; returns the number of messages that were waiting."""
        with self.connection() as connection:
            queues = broker_settings(self.url, database_url(), settings.QUEUES)["CELERY_TASK_QUEUES"]
            declared = [queue(connection.default_channel) for queue in queues]
            for queue in declared:
                queue.declare()
            return sum(queue.purge() or 0 for queue in declared)

    def publish(self, body: bytes | str, *, queue: str = "toy", **properties: Any) -> None:
        """Publishes exactly this, without any serialization."""
        exactly = body.encode() if isinstance(body, str) else body
        properties = {"content_type": "application/json", "content_encoding": "utf-8", **properties}
        with self.connection() as connection:
            Producer(connection.default_channel).publish(exactly, exchange="", routing_key=queue, **properties)


def rabbitmq_url() -> str:
    """Returns the address of a RabbitMQ that answers; without one the test is skipped.

    With REQUIRE_SERVICES set it fails instead.
    """
    url = settings.CELERY_BROKER_URL if settings.CELERY_BROKER_URL.startswith("amqp") else RABBITMQ
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except OSError as error:
        if os.environ.get("REQUIRE_SERVICES"):
            raise
        pytest.skip(f"needs RabbitMQ: {error}")
    return url


@contextmanager
def own_vhost(url: str) -> Iterator[str]:
    """Yields the address of a virtual host that is nobody else's, where rabbitmqctl can make one; else the same."""
    name = f"murmuration-tests-{os.getpid()}"
    user = urlsplit(url).username or "guest"
    if urlsplit(url).path not in ("", "/", "//", "/%2F", "/%2f") or not _control("add_vhost", name):
        yield url
        return
    try:
        _control("set_permissions", "-p", name, user, ".*", ".*", ".*")
        yield urlsplit(url)._replace(path=f"/{quote(name)}").geturl()
    finally:
        _control("delete_vhost", name)


def _control(*arguments: str) -> bool:
    command = shutil.which("rabbitmqctl")
    if command is None:
        return False
    return subprocess.run([command, *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[str]:
    """The address of RabbitMQ, with a virtual host for these tests."""
    with own_vhost(rabbitmq_url()) as url:
        yield url


@pytest.fixture
def broker(transactional_db: None, request: pytest.FixtureRequest) -> Broker:
    """The broker of this run (the queue in PostgreSQL unless told otherwise), empty."""
    url = settings.CELERY_BROKER_URL
    broker = Broker(request.getfixturevalue("rabbitmq") if url.startswith("amqp") else url)
    broker.purge()
    return broker
