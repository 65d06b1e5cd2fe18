"""The relay's loop."""

from __future__ import annotations

import random
import threading
import time

import psycopg
import structlog
from celery import Celery
from django.db import Error as DatabaseError
from django.db import connection

from outbox import heartbeats
from outbox.conf import conf
from outbox.operations.progress import advance
from outbox.relay.claim import Message, claim
from outbox.relay.disturbing import Disturbance
from outbox.relay.fan_out import fan_out
from outbox.relay.leases import take_over
from outbox.relay.listening import Listener
from outbox.relay.sending import BrokerAway, Sender

log = structlog.get_logger()
LONGEST_PAUSE = 5.0


class Relay:
    """Runs until it is stopped; any number of relays may run at once."""

    def __init__(self, app: Celery) -> None:
        self.name = heartbeats.process_name("relay")
        self.stopping = threading.Event()
        self._sender = Sender(app)
        self._listener = Listener()
        self._disturbance = Disturbance()
        self._next_beat = 0.0
        self._pause = 0.0
        self._calm_at = 0.0  # until then something may be held back for a fuller batch

    def run(self) -> None:
        """Relays until `stop()`; outlives the broker and the database."""
        log.info("relay started", name=self.name)
        while not self.stopping.is_set():
            try:
                self._step()
                self._pause = 0.0
            except BrokerAway as error:
                self._wait_out("the broker is away", error)
            except (DatabaseError, psycopg.Error) as error:
                connection.close()
                self._wait_out("the database is away", error)
        self._end()

    def stop(self) -> None:
        """Makes `run()` return after the step that it is in."""
        self.stopping.set()

    def _step(self) -> None:
        """The broker first: while it is away nothing is claimed, so an outage costs no lease and no attempt."""
        self._sender.connect()
        messages = self._beat_and_take_over()
        moved = fan_out()
        messages += claim()
        repeated = self._disturbance.repeated(messages)
        if messages or repeated:
            self._sender.send([*messages, *repeated])
            self._disturbance.sent(repeated)
        elif not moved:
            self._listener.wait(conf().hold if time.monotonic() < self._calm_at else conf().poll)
            return
        self._calm_at = time.monotonic() + conf().poll

    def _beat_and_take_over(self) -> list[Message]:
        if time.monotonic() < self._next_beat:
            return []
        self._next_beat = time.monotonic() + min(conf().heartbeat, 1.0)
        heartbeats.beat(self.name, "relay")
        self._advance_operations()
        return take_over()

    def _advance_operations(self) -> None:
        """An operation that cannot go on holds up no events; if the database is away the next statement says so."""
        try:
            advance()
        except DatabaseError as error:
            log.warning("operations do not go on", error=str(error))

    def _wait_out(self, what: str, error: Exception) -> None:
        if not self._pause:
            log.warning(what, error=str(error))
        self._pause = min(LONGEST_PAUSE, max(0.2, self._pause * 2))
        self._say_why(f"{what}: {error}")
        self.stopping.wait(random.uniform(self._pause / 2, self._pause))  # noqa: S311 (jitter)

    def _say_why(self, note: str) -> None:
        try:
            heartbeats.beat(self.name, "relay", note=note[:1_000])
        except DatabaseError:
            connection.close()

    def _end(self) -> None:
        self._sender.close()
        self._listener.close()
        try:
            heartbeats.stop_beating(self.name)
        except DatabaseError as error:
            log.warning("the last heartbeat stays", error=str(error))
        log.info("relay stopped", name=self.name)
