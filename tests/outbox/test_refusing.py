"""Refusing a message: recorded first, then rejected; without a database it stays where it is. On a queue in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from kombu import Connection, Message
from kombu.simple import SimpleQueue

from outbox.consumer import Consumer
from outbox.models import Delivery, RejectedMessage
from tests.outbox.rings import dispatched, execute, states

consumer: Any = object.__new__(Consumer)  # without the worker around it, which these methods do not need
consumer.connection_errors = ()


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
        consumer.refuse(received, "odd")
        assert connection.connection is None  # the pool's processes must not inherit it
        assert RejectedMessage.objects.get().reason == "odd"
        assert queue.qsize() == 0

    @pytest.mark.usefixtures("database_away")
    def test_goes_back_when_it_cannot_be_recorded(self, queue: SimpleQueue, received: Message) -> None:
        consumer.refuse(received, "odd")
        assert queue.qsize() == 1


@pytest.mark.django_db(transaction=True)
class TestAMessageOfANewerRelease:
    def test_is_acknowledged_and_its_rows_wait(self, echo_alone: None, queue: SimpleQueue, received: Message) -> None:
        _, sent = dispatched("")
        consumer.leave(received, sent.reaction, sent.dispatch)
        assert states(Delivery.objects.all()) == ["waiting"]
        assert (queue.qsize(), received.acknowledged) == (0, True)

    def test_is_not_one_that_names_a_reaction_of_no_release(self, queue: SimpleQueue, received: Message) -> None:
        consumer.leave(received, "celery.chord_unlock", 7)
        assert "celery.chord_unlock" in RejectedMessage.objects.get().reason
        assert queue.qsize() == 0

    @pytest.mark.usefixtures("database_away")
    def test_is_acknowledged_also_without_the_database_for_the_lease_will_end(self, received: Message) -> None:
        consumer.leave(received, "toy.echo", 7)
        assert received.acknowledged
