"""A broker that is away, and one that comes back without its messages."""

from __future__ import annotations

from collections.abc import Iterator
from signal import SIGSTOP
from urllib.parse import urlsplit

import pytest
from django.db import connection

from outbox.models import Dispatch, Heartbeat
from tests.brokers import Broker
from tests.faults.ringing import (
    QUEUES,
    assert_each_happened_once,
    assert_no_attempt_was_burnt,
    ring,
    states,
    wait_until_quiet,
)
from tests.processes import Processes, wait_until
from tests.proxy import Proxy
from tests.toy.models import FarEnd

OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def wire(rabbitmq: str) -> Iterator[Proxy]:
    """The network to RabbitMQ."""
    address = urlsplit(rabbitmq)
    proxy = Proxy((address.hostname or "127.0.0.1", address.port or 5672))
    yield proxy
    proxy.cut()


def test_while_it_is_away_nothing_is_claimed_and_afterwards_everything_goes_on(
    processes: Processes, rabbitmq: str, wire: Proxy
) -> None:
    login = urlsplit(rabbitmq).netloc.rpartition("@")[0]
    url = urlsplit(rabbitmq)._replace(netloc=f"{login}@127.0.0.1:{wire.address[1]}").geturl()
    Broker(rabbitmq).purge()
    relay, worker = processes.relay(CELERY_BROKER_URL=url), processes.worker(*QUEUES, CELERY_BROKER_URL=url)
    processes.wait_until_at_work()
    orders = ring(*[""] * 5)
    wait_until_quiet()

    wire.cut()
    notice = ring("")  # it is the first send that finds the connection broken
    wait_until(lambda: Heartbeat.objects.filter(kind="relay", note__contains="broker").exists(), "the relay says so")
    claimed = Dispatch.objects.count()
    during = ring(*[""] * 20)
    beats = Heartbeat.objects.get(kind="relay").beat_at
    wait_until(lambda: Heartbeat.objects.get(kind="relay").beat_at > beats, "the relay has tried again")
    assert Dispatch.objects.count() == claimed
    wire.restore()

    wait_until_quiet()
    assert_each_happened_once(orders + notice + during)
    assert_no_attempt_was_burnt()
    assert relay.lives()
    assert worker.lives()


def lose_all_connections() -> int:
    """Ends all connections to the database but the test's own; returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        return int(cursor.fetchone()[0])


def test_the_loss_of_every_connection_to_the_database_costs_seconds(processes: Processes, broker: Broker) -> None:
    """Those of relay and worker, those by which they hear of something, and those of a queue that is in it."""
    relay, worker = processes.relay(), processes.worker(*QUEUES)
    processes.wait_until_at_work()
    orders = ring(*[""] * 5)
    wait_until_quiet()
    for _ in range(2):  # what was opened anew is lost as well
        assert lose_all_connections() >= 4
        orders += ring(*[""] * 20)
        wait_until_quiet()
    assert_each_happened_once(orders)
    assert_no_attempt_was_burnt()
    assert relay.lives()
    assert worker.lives()


def test_the_loss_of_every_connection_ends_no_call_that_is_under_way(processes: Processes, broker: Broker) -> None:
    """A postcard is in doubt only if its worker dies. It does not die of losing the queue, which the database holds."""
    processes.relay()
    processes.worker(*QUEUES)
    processes.wait_until_at_work()
    orders = ring("sleep@after call:1.5")
    wait_until(lambda: FarEnd.objects.filter(key__startswith="SendPostcard").exists(), "the postcard is sent")
    lose_all_connections()
    wait_until_quiet()
    assert set(states()) == {"done"}
    assert_each_happened_once(orders)


def test_an_empty_one_costs_seconds(processes: Processes, broker: Broker) -> None:
    processes.relay()
    worker = processes.worker(*QUEUES)
    processes.wait_until_at_work()
    worker.signal(SIGSTOP)
    orders = ring(*[""] * 20)
    wait_until(lambda: set(states()) == {"dispatched"}, "everything is with the broker")
    worker.kill()
    assert empty(broker) >= 5
    processes.worker(*QUEUES)
    wait_until_quiet()
    assert_each_happened_once(orders)
    assert_no_attempt_was_burnt()


def empty(broker: Broker) -> int:
    """Returns how many messages were there; those that a dead worker held come back only after a moment."""
    counts = [0]
    wait_until(lambda: counts.append(broker.purge()) or sum(counts) >= 5, "the messages are in the queue")  # type: ignore[func-returns-value]
    return sum(counts)
