"""Sending: what a queue refuses costs no other queue its message; what was not sent is handed on at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.conf import settings
from django.db.models.functions import Now
from kombu import Connection, Exchange, Queue
from kombu import Message as BrokersMessage
from kombu.exceptions import OperationalError

from config.broker import broker_settings
from outbox.consumer import dispatch_named_by
from outbox.delivery import rows
from outbox.models import Dispatch
from outbox.relay.claim import Message
from outbox.relay.sending import BrokerAway, Sender
from tests.outbox.conftest import Only
from tests.outbox.rings import relay, ring

NOBODY_LISTENS = "amqp://guest:guest@127.0.0.1:1//"
PLAIN, EFFECTS = "toy", "toy.effects"
UNUSED = {"x-expires": 60_000}  # RabbitMQ removes the queue when nobody has used it for a minute


class RelaysApp(Celery):
    """The project's own Celery settings on a broker of the test's choice, which does to a message what it is told."""

    on_send: Callable[[str, int], None] | None = None

    def __init__(self, url: str, queues: Sequence[Queue]) -> None:
        super().__init__("the relay of a test", set_as_current=False)
        self.url = url
        self.config_from_object("django.conf:settings", namespace="CELERY")
        options = broker_settings(url, "", ())["CELERY_BROKER_TRANSPORT_OPTIONS"] if url.startswith("amqp") else {}
        self.conf.update(broker_transport=None, broker_transport_options=options, task_queues=queues)

    def connection_for_write(self, *arguments: Any, **options: Any) -> Connection:
        return super().connection_for_write(self.url, **options)

    def send_task(self, name: str, *, args: list[int], queue: Queue, **options: Any) -> Any:  # type: ignore[override]
        if self.on_send is not None:
            self.on_send(queue.name, args[0])
        return super().send_task(name, args=args, queue=queue, **options)  # type: ignore[arg-type]


def queue(name: str, **arguments: Any) -> Queue:
    return Queue(name, Exchange(""), routing_key=name, queue_arguments=arguments or None)


def refusing(*queues: str) -> Callable[[str, int], None]:
    def refuse(name: str, dispatch: int) -> None:
        if name in queues:
            raise OperationalError(f"{name} is full")

    return refuse


def waiting_in(url: str, *queues: str) -> dict[int, BrokersMessage]:
    """Takes what waits in the queues; returns it by dispatch."""
    taken = []
    with Connection(url) as broker:
        channel = broker.default_channel
        for name in queues:
            while (message := queue(name)(channel).get(no_ack=True)) is not None:
                taken.append(message)
    return {message.decode()[0][0]: message for message in taken}


def given_up() -> set[int]:
    """The dispatches whose lease has ended."""
    return set(Dispatch.objects.filter(closed_at=None, lease_until__lte=Now()).values_list("id", flat=True))


def send(app: RelaysApp, messages: Sequence[Message]) -> None:
    with closing(Sender(app)) as sender:
        sender.send(messages)


@pytest.fixture
def in_memory() -> Iterator[RelaysApp]:
    app = RelaysApp("memory://", [queue(PLAIN), queue(EFFECTS)])
    waiting_in("memory://", PLAIN, EFFECTS)
    yield app
    waiting_in("memory://", PLAIN, EFFECTS)


@pytest.fixture
def messages(db: None, only: Only) -> list[Message]:
    """Three, the second of which is for another queue than the others."""
    only("toy.count", "toy.ring_far_end", "toy.echo")
    ring("")
    claimed = sorted(relay(), key=lambda message: message.reaction)
    first, second, third = claimed
    return [first, third, second]


class TestAllAreTaken:
    def test_as_our_consumer_reads_them(self, in_memory: RelaysApp, messages: list[Message]) -> None:
        send(in_memory, messages)
        arrived = waiting_in("memory://", PLAIN, EFFECTS)
        named = {dispatch_named_by(message) for message in arrived.values()}
        assert named == {(message.reaction, message.dispatch) for message in messages}
        assert given_up() == set()

    def test_also_for_a_queue_that_only_a_newer_release_has(self, rabbitmq: str, messages: list[Message]) -> None:
        ours, newer = names = [f"sending.{uuid4()}" for _ in range(2)]
        app = RelaysApp(rabbitmq, [queue(ours, **UNUSED)])
        sent = [replace(message, queue=name) for message, name in zip(messages, names, strict=False)]
        send(app, sent)
        assert set(waiting_in(rabbitmq, newer)) == {sent[1].dispatch}


class TestAQueueThatRefuses:
    @pytest.mark.parametrize("full", [PLAIN, EFFECTS])
    def test_keeps_no_other_from_getting_its_message(
        self, in_memory: RelaysApp, messages: list[Message], full: str
    ) -> None:
        in_memory.on_send = refusing(full)
        send(in_memory, messages)
        assert given_up() == {message.dispatch for message in messages if message.queue == full}
        assert set(waiting_in("memory://", PLAIN, EFFECTS)) == {m.dispatch for m in messages if m.queue != full}

    def test_is_an_absent_broker_if_it_was_the_only_one(self, in_memory: RelaysApp, messages: list[Message]) -> None:
        in_memory.on_send = refusing(PLAIN, EFFECTS)
        with pytest.raises(BrokerAway, match="none"):
            send(in_memory, messages)
        assert given_up() == {message.dispatch for message in messages}

    def test_costs_nobody_a_lease_who_has_got_the_message_after_all(
        self, in_memory: RelaysApp, messages: list[Message]
    ) -> None:
        """The broker had it and a worker began; only the confirm was lost."""
        lost = messages[0]

        def lose_the_confirm(name: str, dispatch: int) -> None:
            if name == PLAIN:
                if dispatch == lost.dispatch:
                    rows.start(lost.dispatch, lost.reaction, "quick")
                raise OperationalError("no confirm")

        in_memory.on_send = lose_the_confirm
        send(in_memory, messages)
        assert given_up() == {message.dispatch for message in messages[1:] if message.queue == PLAIN}

    def test_may_be_a_real_one(self, rabbitmq: str, messages: list[Message]) -> None:
        """RabbitMQ confirms a message that a full queue does not take by a nack, on the same open connection."""
        free, full = names = [f"sending.{uuid4()}" for _ in range(2)]
        no_room = {"x-max-length": 0, "x-overflow": "reject-publish"}
        app = RelaysApp(rabbitmq, [queue(free, **UNUSED), queue(full, **UNUSED, **no_room)])
        before, refused, after = [replace(m, queue=name) for m, name in zip(messages, (free, full, free), strict=True)]
        send(app, [before, refused, after])
        assert given_up() == {refused.dispatch}
        assert set(waiting_in(rabbitmq, *names)) == {before.dispatch, after.dispatch}

    def test_may_have_gone_since_it_was_declared(self, rabbitmq: str, messages: list[Message]) -> None:
        """RabbitMQ confirms also what it cannot route; that it could not it says only if it was asked to."""
        there, gone = [f"sending.{uuid4()}" for _ in range(2)]
        # One that expires would be declared again before every message, by kombu itself.
        app = RelaysApp(rabbitmq, [queue(there, **UNUSED), queue(gone)])
        first, arriving, lost = [replace(m, queue=q) for m, q in zip(messages, (gone, there, gone), strict=True)]
        with closing(Sender(app)) as sender, Connection(rabbitmq) as elsewhere:
            sender.send([first])
            queue(gone)(elsewhere.default_channel).delete()
            sender.send([arriving, lost])
            queue(gone)(elsewhere.default_channel).delete()
        assert given_up() == {lost.dispatch}
        assert set(waiting_in(rabbitmq, there)) == {arriving.dispatch}


class TestTheBrokerIsAway:
    def test_from_the_beginning_and_everything_is_given_up(self, messages: list[Message]) -> None:
        app = RelaysApp(NOBODY_LISTENS, [queue(PLAIN), queue(EFFECTS)])
        with pytest.raises(BrokerAway):
            send(app, messages)
        assert given_up() == {message.dispatch for message in messages}

    def test_from_one_message_to_the_next_and_the_rest_is_given_up(
        self, in_memory: RelaysApp, messages: list[Message]
    ) -> None:
        sent, lost, unsent = messages

        def break_down(name: str, dispatch: int) -> None:
            if dispatch == lost.dispatch:
                in_memory.url = NOBODY_LISTENS
                raise OperationalError("connection reset")

        in_memory.on_send = break_down
        with pytest.raises(BrokerAway):
            send(in_memory, messages)
        assert given_up() == {lost.dispatch, unsent.dispatch}
        assert set(waiting_in("memory://", PLAIN, EFFECTS)) == {sent.dispatch}

    def test_and_back_again_it_is_found_by_the_same_sender(self, in_memory: RelaysApp, messages: list[Message]) -> None:
        in_memory.url = NOBODY_LISTENS
        with closing(Sender(in_memory)) as sender:
            with pytest.raises(BrokerAway):
                sender.send(messages)
            in_memory.url = "memory://"
            sender.send(messages)
        assert set(waiting_in("memory://", PLAIN, EFFECTS)) == {message.dispatch for message in messages}


def test_the_settings_name_the_queues_of_these_tests() -> None:
    assert {PLAIN, EFFECTS} <= set(settings.QUEUES)
