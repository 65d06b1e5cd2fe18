"""The queue in PostgreSQL: kombu's transport, which asks only those queues that something was put into.

As it comes it asks every queue again after each message and each notification, in a transaction of its own, and before
that whether the server still answers: a dozen transactions for one message.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from kombu.transport import pgmq
from pgmq import PGMQueue
from psycopg_pool import ConnectionPool

# Seconds that a call waits for a connection in place of one that was lost; then its caller begins anew.
PATIENCE = 5.0


class Client(PGMQueue):  # type: ignore[no-untyped-call]
    """pgmq's client. Each of its calls is one statement, so none needs a `BEGIN` before it and a `COMMIT` after it.

    Its own pool would know host, port, database, user and password only, and nothing of TLS and other options.
    """

    _transaction_decorator: Any = staticmethod(lambda method: method)

    def __init__(self, address: str, *, vt: int = 30, pool_size: int = 2) -> None:
        """Takes the address as libpq does: pgmq's reading of it stumbles over some passwords, and shows them."""
        self._address = address
        super().__init__(conn_string="", vt=vt, pool_size=pool_size, init_extension=False)

    def _init_pool(self) -> None:
        self._own_pool = True
        most = self.config.pool_size
        self.pool = ConnectionPool(
            self._address, min_size=1, max_size=most, timeout=PATIENCE, kwargs={"autocommit": True}, open=True
        )


class Bell(pgmq._NotifyWaiter):
    """Waits for notifications, and knows which queues may hold something: one that was notified of, or not yet read
    empty, or read empty so long ago that a notification may have been lost."""

    def __init__(self, dsn: str, polling_interval: float) -> None:
        super().__init__(dsn)
        self._polling_interval = polling_interval
        self._look_again_at: dict[str, float] = {}

    def wait(self, timeout: float | None) -> bool:
        with self._lock:
            self._ensure_conn()
            listening: Any = self._conn
        try:
            heard = [notification.channel for notification in listening.notifies(timeout=timeout, stop_after=1)]
        except (OSError, psycopg.OperationalError, psycopg.InterfaceError):
            self._drop_conn(listening)
            return False
        for channel in heard:
            self._look_again_at.pop(channel, None)
        return bool(heard)

    def may_hold_something(self, queue: str) -> bool:
        return time.monotonic() >= self._look_again_at.get(_channel(queue), 0.0)

    def was_read_empty(self, queue: str) -> None:
        self._look_again_at[_channel(queue)] = time.monotonic() + self._polling_interval


class Channel(pgmq.Channel):
    """Reads a queue when the bell has rung for it; whoever only sends has no bell."""

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        """Makes the queue, and whoever puts something into it ring."""
        name = self._queue_name(queue)
        self.pgmq.create_queue(name)
        self._let_it_ring(name)

    def _maybe_enable_notify(self, queue: str, queue_name: str | None = None) -> None:
        """Listens to a queue that is going to be read."""
        transport: Any = self.connection
        self._let_it_ring(self._queue_name(queue))
        transport._register_notify_queue(self._queue_name(queue))

    def _let_it_ring(self, name: str) -> None:
        """Makes the trigger that notifies, which pgmq forgets in a crash of the server.

        Only if need be: it takes a lock for which one has to wait until a backup has ended, and all others as well.
        """
        wanted = self.notify_throttle_interval_ms
        rings = {known.queue_name: known.throttle_interval_ms for known in self.pgmq.list_notify_throttles()}
        if rings.get(name) != wanted:
            self.pgmq.enable_notify(name, throttle_interval_ms=wanted)

    def _receive_messages(self, queue: str, qty: int = 1, *, poll: bool = False, **options: Any) -> list[Any]:
        transport: Any = self.connection
        name, bell = self._queue_name(queue), transport._get_notify_waiter()
        if poll and not bell.may_hold_something(name):
            return []
        messages: list[Any] = super()._receive_messages(queue, qty, poll=poll, **options)
        if len(messages) < qty:
            bell.was_read_empty(name)
        return messages


class Transport(pgmq.Transport):
    """The transport for `CELERY_BROKER_TRANSPORT`; needs the options of `config/broker.py`."""

    Channel = Channel
    client: Any  # the kombu connection that it belongs to

    @property
    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.client.transport_options
        return options

    def establish_connection(self) -> Any:
        """Asks the server before there is a pool: that would ask it ever less often while it is away, and not say why.

        Kombu closes only what was opened: the threads and connections of a pool that failed here would stay.
        """
        psycopg.connect(self._options["conn_string"]).close()
        try:
            return super().establish_connection()  # type: ignore[no-untyped-call]
        except BaseException:
            self._get_pgmq_client().close()
            self._pgmq_client = None
            raise

    def _create_pgmq_client(self) -> Client:
        options = self._options
        return Client(options["conn_string"], vt=options["visibility_timeout"], pool_size=options["pool_size"])

    def _get_notify_waiter(self) -> Any:
        if self._notify_waiter is None:
            self._notify_waiter = Bell(self._options["conn_string"], self._options["polling_interval"])
        return self._notify_waiter

    def verify_connection(self, connection: Any) -> bool:
        """Kombu wants to know before it reads or sends, and would ask the server. A lost one raises when it is used."""
        return True


def _channel(queue: str) -> str:
    return f"pgmq.q_{queue}.INSERT"
