"""The queue in PostgreSQL: a consumer hears of each message at once, and asks for nothing that is not there."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from kombu import Connection, Consumer, Message, Producer
from psycopg.conninfo import conninfo_to_dict

from config.broker import broker_settings
from config.pgmq import Client
from tests.brokers import Broker
from tests.outbox.threads import somebody_else
from tests.processes import database_url

QUEUES = ["orders", "inventory", "payments"]
NEVER = 600.0  # seconds between two looks without a notification: longer than any test
LISTENING = """pid <> pg_backend_pid() AND datname = current_database() AND query LIKE 'LISTEN "pgmq%%'"""


@pytest.fixture
def broker(transactional_db: None) -> Broker:
    """The queue in PostgreSQL, whichever broker the other tests use, empty."""
    broker = Broker("")
    broker.purge()
    return broker


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that were asked, in turn."""
    asked: list[str] = []
    read = Client.read

    def noted(client: Client, queue: str, **options: Any) -> Any:
        asked.append(queue)
        return read(client, queue, **options)

    monkeypatch.setattr(Client, "read", noted)
    return asked


class Consuming:
    """A consumer of the queues, whose bodies are in `received`; it has looked once and found nothing."""

    def __init__(self, connection: Connection) -> None:
        self.received: list[Any] = []
        self._connection = connection

    def wait(self, number: int) -> None:
        """Raises: TimeoutError when so many messages do not come."""
        while len(self.received) < number:
            self._connection.drain_events(timeout=10)

    def _take(self, message: Message) -> None:
        self.received.append(message.payload)
        message.ack()

    @classmethod
    @contextmanager
    def started(cls, polling_interval: float = NEVER) -> Iterator[Consuming]:
        with connected(polling_interval) as (connection, queues):
            consuming = cls(connection)
            with Consumer(connection, queues, on_message=consuming._take, accept=["json"]):
                with pytest.raises(TimeoutError):
                    connection.drain_events(timeout=0.05)
                yield consuming


@contextmanager
def connected(polling_interval: float = NEVER, url: str = "") -> Iterator[tuple[Connection, list[Any]]]:
    ours = broker_settings("", url or database_url(), QUEUES)
    options = {**ours["CELERY_BROKER_TRANSPORT_OPTIONS"], "polling_interval": polling_interval}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client of pgmq warns of our using one
        transport = ours["CELERY_BROKER_TRANSPORT"]
        with Connection(ours["CELERY_BROKER_URL"], transport=transport, transport_options=options) as connection:
            yield connection, ours["CELERY_TASK_QUEUES"]


def listening() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {LISTENING}")
        return int(cursor.fetchone()[0])


class TestAConsumer:
    def test_hears_of_a_message_and_asks_the_one_queue_only(self, broker: Broker, reads: list[str]) -> None:
        with Consuming.started() as consuming:
            reads.clear()
            broker.publish("[1]", queue="inventory")
            consuming.wait(1)
        assert consuming.received == [[1]]
        assert reads == ["inventory"]

    def test_goes_on_reading_until_a_queue_is_empty(self, broker: Broker, reads: list[str]) -> None:
        with Consuming.started() as consuming:
            for number in range(25):  # a read takes ten
                broker.publish(f"[{number}]", queue="orders")
            consuming.wait(25)
        assert consuming.received == [[number] for number in range(25)]

    def test_finds_what_it_was_not_notified_of(self, broker: Broker) -> None:
        with Consuming.started(polling_interval=0.1) as consuming:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {LISTENING}")
                assert cursor.fetchone() == (1,)
            broker.publish("[1]", queue="orders")
            consuming.wait(1)
            broker.publish("[2]", queue="orders")
            consuming.wait(2)
        assert consuming.received == [[1], [2]]


def test_it_starts_while_a_backup_reads_the_queues(broker: Broker) -> None:
    """Who waits for a lock of the whole table lets everybody wait who comes after."""
    impatient = f"{database_url()}&options=-c%20lock_timeout%3D1000"
    with somebody_else() as backup, connected(url=impatient) as (starting, queues):
        backup.execute("LOCK TABLE pgmq.q_orders IN ACCESS SHARE MODE")
        for queue in queues:
            queue(starting.default_channel).declare()
        Consumer(starting, queues).consume()


def test_its_connections_are_as_the_settings_say(broker: Broker) -> None:
    """pgmq's own would wait for the disk with each message, and talk to a server without the TLS that is asked for."""
    with lent() as (_, held):
        assert held.execute("SHOW synchronous_commit").fetchone() == ("off",)
        assert held.execute("SHOW lock_timeout").fetchone() == ("5s",)


def test_any_password_will_do_and_is_shown_to_nobody(tmp_path: Path) -> None:
    settings = broker_settings("", f"postgres://somebody:its%3A%2F%2Fa%3Ab@/database?host={tmp_path}", QUEUES)
    client: Any = Client(settings["CELERY_BROKER_TRANSPORT_OPTIONS"]["conn_string"])
    with closing(client):
        assert "its://a:b" in client.pool.conninfo
        assert "its://a:b" not in repr(client)


def test_a_call_is_one_statement(broker: Broker) -> None:
    with lent() as (client, held), connection.cursor() as cursor:
        client.read("orders", conn=held)
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [held.info.backend_pid])
        assert "pgmq.read" in cursor.fetchone()[0]  # and no COMMIT after it


@contextmanager
def lent() -> Iterator[tuple[Any, Any]]:
    """pgmq's client, and a connection of its pool."""
    with connected() as (sending, _):
        channel: Any = sending.default_channel
        with channel.pgmq.pool.connection() as held:
            yield channel.pgmq, held


def test_who_only_sends_listens_to_nothing(broker: Broker) -> None:
    with connected() as (sending, queues):
        for queue in queues:
            queue(sending.default_channel).declare()
        Producer(sending.default_channel).publish([1], exchange="", routing_key="orders")
        assert listening() == 0


class TestAServerThatCannotBeUsed:
    def refused(self, url: str) -> str:
        """Tries to connect, as the relay does; returns why it failed. Nothing that has begun goes on."""
        before = set(threading.enumerate())
        with connected(url=url) as (failing, _), pytest.raises(psycopg.Error) as refused:
            failing.ensure_connection(max_retries=1, interval_start=0, reraise_as_library_errors=False)
        assert set(threading.enumerate()) <= before
        return str(refused.value)

    def test_is_away_and_says_so_at_once(self, tmp_path: Path) -> None:
        assert "No such file or directory" in self.refused(f"postgres://somebody@/database?host={tmp_path}")

    def test_answers_and_has_no_queues(self, broker: Broker) -> None:
        assert 'schema "pgmq" does not exist' in self.refused(
            urlsplit(database_url())._replace(path="/postgres").geturl()
        )

    def test_stays_away_in_the_middle(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.pgmq.PATIENCE", 0.1)
        client: Any = Client(f"host={tmp_path} user=somebody dbname=database")
        with closing(client), pytest.raises(psycopg.OperationalError, match=r"after 0\.10 sec"):
            client.read("orders")

    @pytest.mark.parametrize(("said", "seconds"), [("", 5), ("&connect_timeout=9", 9)])
    def test_swallows_everything(self, said: str, seconds: int) -> None:
        settings = broker_settings("", f"postgres://somebody@/database?host=10.0.0.1{said}", QUEUES)
        address = settings["CELERY_BROKER_TRANSPORT_OPTIONS"]["conn_string"]
        assert int(conninfo_to_dict(address)["connect_timeout"] or 0) == seconds
