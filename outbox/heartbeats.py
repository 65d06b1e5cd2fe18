"""Signs of life: one row a process, so that everybody can see who works, and the relay for whom to send."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
from celery import signals
from django.db import DatabaseError, connection

from outbox.conf import conf

BEAT = """
INSERT INTO outbox_heartbeat (name, kind, queues, started_at, beat_at, note)
VALUES (%(name)s, %(kind)s, %(queues)s, clock_timestamp(), clock_timestamp(), %(note)s)
ON CONFLICT (name) DO UPDATE SET beat_at = clock_timestamp(), queues = EXCLUDED.queues, note = EXCLUDED.note
"""
# Seconds that a worker waits for its heart to stop.
LAST_BEAT = 5.0
FORGET = "DELETE FROM outbox_heartbeat WHERE name = %s OR beat_at < now() - interval '1 day'"


def process_name(kind: str) -> str:
    """Returns a name that tells one process from every other that lives at the same time."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"


def beat(name: str, kind: str, queues: Sequence[str] = (), note: str = "") -> None:
    """Says that the process lives, and what keeps it from working, if anything does."""
    row = {"name": name, "kind": kind, "queues": msgspec.json.encode(list(queues)).decode(), "note": note}
    with connection.cursor() as cursor:
        cursor.execute(BEAT, row)


def stop_beating(name: str) -> None:
    """Says that the process has ended in good order; forgets also those that have been silent for a day."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [name])


class WorkerHeart(threading.Thread):
    """Beats for a Celery worker from its main process, on a connection that belongs to this thread."""

    def __init__(self, queues: Sequence[str]) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.queues = queues
        self.process = process_name("worker")
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            self._beat_once()
            self.stopping.wait(conf().heartbeat)
        with suppress(DatabaseError):
            stop_beating(self.process)
        connection.close()

    def stop(self) -> None:
        """Stops beating, by the connection that beats: that of whoever calls this may be lost, or in use."""
        self.stopping.set()
        self.join(LAST_BEAT)

    def _beat_once(self) -> None:
        """A database that is away is no reason to end: the heart beats again when it is back."""
        try:
            beat(self.process, "worker", self.queues)
        except Exception:
            connection.close()


_heart: WorkerHeart | None = None


@signals.worker_ready.connect
def start_heart(sender: Any, **kwargs: Any) -> None:
    global _heart
    _heart = WorkerHeart(sorted(sender.app.amqp.queues.consume_from))
    _heart.start()


@signals.worker_shutting_down.connect
def stop_heart(**kwargs: Any) -> None:
    if _heart is not None:
        _heart.stop()
