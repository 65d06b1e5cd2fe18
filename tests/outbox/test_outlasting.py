"""Outcomes of calls outlast the database: they are known to this process only, and a mail cannot be unsent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection
from pytest_django import Settings

from outbox.conf import Conf
from outbox.delivery.failures import outlast
from outbox.models import Attempt, Dispatch
from tests.invariants.conftest import ledgers
from tests.outbox.conftest import Stage
from tests.outbox.rings import calls, delivery_of, dispatched, effects, execute, work
from tests.outbox.threads import DEADLINE

# More than `with_retries` would take, and one more to say that the worker lives.
TRIES = Conf.transient_retries + 3


class Outage:
    """A database that throws everybody out and lets nobody in, until somebody has tried so many times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connection.ensure_connection()
        self.tries = 0
        self._parameters = connection.get_connection_params()
        self._connect = connection.get_new_connection
        monkeypatch.setattr(connection, "get_new_connection", self._count)

    def begin(self) -> None:
        self._say("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        ends = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
        with self._another_database() as other:
            other.execute(ends, [self._parameters["dbname"]])

    def end(self) -> None:
        self._say("ALTER DATABASE {} ALLOW_CONNECTIONS true")

    def _count(self, parameters: dict[str, object]) -> object:
        self.tries += 1
        if self.tries == TRIES:
            self.end()
        return self._connect(parameters)

    def _say(self, sql: str) -> None:
        with self._another_database() as other:
            other.execute(psycopg.sql.SQL(sql).format(psycopg.sql.Identifier(self._parameters["dbname"])))

    def _another_database(self) -> psycopg.Connection:
        return psycopg.connect(autocommit=True, **{**self._parameters, "dbname": "postgres"})


@pytest.fixture
def outage(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    outage = Outage(monkeypatch)
    yield outage
    outage.end()
    for ledger in ledgers():
        ledger.close()  # what the sandboxes held open was cut as well


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postcard_alone")
class TestAnOutageBetweenTheCallAndItsRecord:
    def test_costs_no_call_no_record_and_no_attempt(self, outage: Outage, stage: Stage) -> None:
        both = threading.Barrier(2)

        def lose_the_database(point: str, order_id: UUID) -> None:
            if point == "after call":
                if both.wait(DEADLINE) == 0:
                    outage.begin()
                both.wait(DEADLINE)

        orders, message = dispatched(*[stage("outage", lose_the_database)] * 2)
        work(message)
        assert outage.tries >= TRIES
        for sent in orders:
            assert delivery_of(sent, "toy.send_postcard").state == "done"
            assert (calls(sent, "SendPostcard"), effects(sent, "SendPostcard")) == (1, 1)
        assert not Attempt.objects.exists()
        assert not Dispatch.objects.filter(closed_at=None).exists()

    def test_loses_no_record_of_a_call_that_failed(self, outage: Outage, stage: Stage) -> None:
        def lose_the_database_and_fail(point: str, order_id: UUID) -> None:
            if point == "before call":
                outage.begin()
                raise ConnectionError("reset")

        (order,), message = dispatched(stage("outage", lose_the_database_and_fail))
        work(message)
        assert outage.tries >= TRIES
        delivery = delivery_of(order, "toy.send_postcard")
        assert (delivery.state, delivery.attempts) == ("waiting", 1)
        assert Attempt.objects.get().message == "reset"


@pytest.mark.django_db
class TestWhatIsNoOutage:
    def test_is_raised_at_once(self) -> None:
        tries: list[int] = []

        def fail() -> None:
            tries.append(1)
            execute("SELECT 1 / 0")

        with pytest.raises(DatabaseError, match="division by zero"):
            outlast(fail)
        assert len(tries) == 1

    def test_nor_is_one_without_end(self, settings: Settings) -> None:
        tries: list[int] = []

        def fail() -> None:
            tries.append(1)
            execute("DO $$ BEGIN RAISE EXCEPTION 'away' USING ERRCODE = '57P01'; END $$")

        settings.OUTBOX = {"patience": 0.0}
        with pytest.raises(OperationalError):
            outlast(fail)
        assert len(tries) == 1
