"""Refusing a message: recorded first, then rejected; without a database it stays where it is. On a queue in memory."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from kombu import Connection, Message
from kombu.simple import SimpleQueue

from outbox.consumer import Consumer
from outbox.models import Delivery, RejectedMessage
from tests.outbox.rings import dispatched, execute, states

consumer: Any = SimpleNamespace(connection_errors=())


@pytest.fixture
def queue() -> Iterator[SimpleQueue]:
    with Connection("memory://") as broker, broker.SimpleQueue("refusing") as queue:
        queue.clear()
        yield queue


@pytest.fixture
def received(queue: SimpleQueue) -> Message:
    queue.put({"a": 1})
    return queue.get(block=False)


@pytest.fixture
def database_away(transactional_db: None) -> Iterator[None]:
    """As far as the statement can tell: what it needs is not there."""
    execute("ALTER TABLE outbox_rejectedmessage RENAME TO away")
    execute("ALTER TABLE outbox_dispatch RENAME TO away_too")
    yield
    execute("ALTER TABLE away RENAME TO outbox_rejectedmessage")
    execute("ALTER TABLE away_too RENAME TO outbox_dispatch")


@pytest.mark.django_db(transaction=True)
class TestAMessageThatIsNotOurs:
    def test_is_recorded_and_leaves_the_queue(self, queue: SimpleQueue, received: Message) -> None:
        Consumer.refuse(consumer, received, "odd")
        assert connection.connection is None  # the pool's processes must not inherit it
        assert RejectedMessage.objects.get().reason == "odd"
        assert queue.qsize() == 0

    @pytest.mark.usefixtures("database_away")
    def test_goes_back_when_it_cannot_be_recorded(self, queue: SimpleQueue, received: Message) -> None:
        Consumer.refuse(consumer, received, "odd")
        assert queue.qsize() == 1


@pytest.mark.django_db(transaction=True)
class TestAMessageOfANewerRelease:
    def test_is_acknowledged_and_its_rows_wait(self, echo_alone: None, queue: SimpleQueue, received: Message) -> None:
        _, sent = dispatched("")
        Consumer.leave(consumer, received, sent.reaction, sent.dispatch)
        assert states(Delivery.objects.all()) == ["waiting"]
        assert (queue.qsize(), received.acknowledged) == (0, True)

    @pytest.mark.usefixtures("database_away")
    def test_is_acknowledged_also_without_the_database_for_the_lease_will_end(self, received: Message) -> None:
        Consumer.leave(consumer, received, "newer.listen", 7)
        assert received.acknowledged
