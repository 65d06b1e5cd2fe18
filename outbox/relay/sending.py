"""Sending dispatches to the broker, and noticing when it is away."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from celery import Celery
from django.db import connection
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError

from outbox.relay.claim import Message

# Unsent or perhaps unsent: the lease ends now, so that the rows are handed on as soon as the broker is back.
GIVE_UP = "UPDATE outbox_dispatch SET lease_until = clock_timestamp() WHERE id = ANY(%s) AND closed_at IS NULL"
CONFIRM_TIMEOUT = 5
CONNECT_TIMEOUT = 3


class BrokerAway(ConnectionError):
    """The broker cannot be reached, or refused a message; nothing is lost, the rows wait in the table."""


class Sender:
    """The relay's connection to the broker."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None

    def send(self, messages: Sequence[Message]) -> None:
        """Sends the messages.

        Raises:
            BrokerAway: some could not be sent. A publish error is ambiguous, never a no: a copy may arrive later
                and will find its dispatch closed.
        """
        sent = 0
        try:
            producer = self._app.amqp.Producer(self.connect(), auto_declare=False)
            for message in messages:
                self._app.send_task(
                    message.reaction,
                    args=[message.dispatch],
                    queue=self._queue(message.queue),  # type: ignore[arg-type]  # a Queue is taken, too
                    producer=producer,
                    retry=False,
                    ignore_result=True,
                    **self._delivery_guarantees(),
                )
                sent += 1
        except Exception as error:
            self.close()
            _give_up(messages[sent:])
            raise BrokerAway(f"{type(error).__name__}: {error}") from error

    def connect(self) -> Connection:
        """Returns the open connection, opening it and declaring the queues first if need be.

        Raises:
            BrokerAway: it cannot be opened.
        """
        if self._connection is not None:
            return self._connection
        opened = self._app.connection_for_write(connect_timeout=CONNECT_TIMEOUT)
        try:
            opened.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_TIMEOUT)
            _declare(opened, list(self._app.amqp.queues.values()))
        except Exception as error:
            _close(opened)
            raise BrokerAway(f"{type(error).__name__}: {error}") from error
        self._connection = opened
        return opened

    def close(self) -> None:
        """Drops the connection, so that no stale confirm is ever taken for a later message's."""
        if self._connection is not None:
            _close(self._connection)
            self._connection = None

    def _queue(self, name: str) -> Queue:
        """Returns the queue of this name; one that only a newer release has is made after the pattern of our own."""
        queues = self._app.amqp.queues
        if name not in queues:
            ours = next(iter(queues.values()))
            new = Queue(name, ours.exchange, routing_key=name, queue_arguments=ours.queue_arguments)
            _declare(self.connect(), [new])
            queues.add(new)
        return queues[name]

    def _delivery_guarantees(self) -> dict[str, Any]:
        """RabbitMQ confirms also what it cannot route; only with `mandatory` does it say so."""
        if self._app.connection_for_write().transport_cls not in ("amqp", "pyamqp", "amqps"):
            return {}
        return {"mandatory": True, "confirm_timeout": CONFIRM_TIMEOUT}


def _declare(opened: Connection, queues: Sequence[Queue]) -> None:
    """Declares the queues, and where they send what they reject: to a queue that is not there it would vanish."""
    channel = opened.default_channel
    targets = {str((queue.queue_arguments or {}).get("x-dead-letter-routing-key") or "") for queue in queues}
    for name in targets - {""}:
        Queue(name, Exchange(""), routing_key=name, queue_arguments={"x-queue-type": "quorum"})(channel).declare()
    for queue in queues:
        queue(channel).declare()


def _give_up(messages: Sequence[Message]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(GIVE_UP, [[message.dispatch for message in messages]])


def _close(broken: Connection) -> None:
    with contextlib.suppress(OperationalError, OSError):
        broken.release()
