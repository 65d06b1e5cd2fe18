"""Celery on the three brokers: what each needs in order to lose nothing silently."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from kombu import Exchange, Queue
from psycopg.conninfo import make_conninfo

from config.database import connection_parameters

REJECTED = "murmuration.rejected"
# Elsewhere 1: fewer messages in a dying worker's hands. But on pgmq a worker whose hands are full misses the
# notification, and when they are free again nothing wakes it before its next poll.
PGMQ_PREFETCH = 16
# Each message is notified of at once; the default would let some wait for the next poll.
PGMQ_THROTTLE_MS = 0
# In seconds: a host that swallows everything would hold up relay and workers for two minutes at each try.
CONNECT_TIMEOUT = 5

# Poison that the engine cannot see ends in the rejected queue after eight deliveries instead of circling for ever;
# a full queue refuses instead of dropping its oldest message.
QUORUM = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 8,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": REJECTED,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-max-length": 200_000,
}


def broker_settings(url: str, database_url: str, queue_names: Sequence[str]) -> dict[str, Any]:
    """Returns the Celery settings that depend on the broker; without a URL, the queue lives in PostgreSQL (pgmq)."""
    scheme = url.partition(":")[0] if url else "pgmq"
    if scheme == "pgmq":
        options = _pgmq(database_url if url in ("", "pgmq", "pgmq://") else url.replace("pgmq://", "postgres://", 1))
    else:
        options = {"amqp": _amqp, "amqps": _amqp, "pyamqp": _amqp}.get(scheme, _redis)()
    return {
        "CELERY_BROKER_URL": url or "pgmq://",
        "CELERY_BROKER_TRANSPORT": "config.pgmq:Transport" if scheme == "pgmq" else None,
        "CELERY_BROKER_TRANSPORT_OPTIONS": options,
        "CELERY_WORKER_PREFETCH_MULTIPLIER": PGMQ_PREFETCH if scheme == "pgmq" else 1,
        "CELERY_TASK_QUEUES": _queues(queue_names, quorum=scheme in ("amqp", "amqps", "pyamqp")),
    }


def _queues(names: Sequence[str], *, quorum: bool) -> list[Queue]:
    arguments = QUORUM if quorum else None
    return [Queue(name, Exchange(""), routing_key=name, queue_arguments=arguments) for name in names]


def _amqp() -> dict[str, Any]:
    return {
        "confirm_publish": True,  # without it a publish that the broker refused looks like success
        "read_timeout": 10,  # publishers have no heartbeat: a frozen broker would hang them for ever
        "write_timeout": 10,
        "socket_settings": {socket.TCP_USER_TIMEOUT: 10_000} if hasattr(socket, "TCP_USER_TIMEOUT") else {},
    }


def _redis() -> dict[str, Any]:
    return {
        "visibility_timeout": 120,  # longer than the hard time limit
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,  # the default of 10 makes a crashed worker's messages wait ten sweeps
        "socket_timeout": 30,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


def _pgmq(database_url: str) -> dict[str, Any]:
    parameters = connection_parameters("CELERY_BROKER_URL", database_url)
    # The queue need not outlive a crash of the server: nothing is acknowledged there, and what it loses the leases
    # bring back. So nobody waits for the disk three times a message.
    # A table that somebody else has locked is no reason to hang, here as little as with the other connections.
    options = f"-c lock_timeout=5000 {parameters.pop('options', '')} -c synchronous_commit=off"
    return {
        # A unix socket cannot be said in the broker URL, and of a database URL pgmq would not read `?host=`.
        "conn_string": make_conninfo("", **{"connect_timeout": CONNECT_TIMEOUT, **parameters}, options=options),
        "init_extension": False,  # the schema is installed as plain SQL, not as a server extension
        "visibility_timeout": 60,  # the default of half an hour is how long a killed worker's messages would rest
        "wait_time_seconds": 0,  # one queue's long poll would keep the others waiting
        "use_notify": True,
        "notify_throttle_interval_ms": PGMQ_THROTTLE_MS,
        "polling_interval": 0.5,  # the truth behind the notifications
        "pool_size": 2,
    }
