"""The whole as `make run` starts it: database, workers, relay and web, for a browser to look at."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from config.client import Customer

ROOT = Path(__file__).resolve().parent.parent.parent
STARTED = "Ctrl-C stops everything"
PATIENCE = 60.0
# What the shell, or the tests' own database, says of other servers.
THEIRS = {"DATABASE_URL", "CELERY_BROKER_URL", "DEBUG", "EMAIL_URL", "SANDBOX"}

LONGER = """
WITH happened AS (
  INSERT INTO outbox_event (id, name, version, order_id, payload, cause_kind, cause_id, also_needed, producer, actor,
                            traceparent, occurred_at)
  SELECT gen_random_uuid(), 'payments.SomethingWithALongNameHappened', 1, '{order}', '{{}}', 'request', 'req-' || n,
         '[]', 'POST /api/v1/orders', 'user:demo', '', now() + n * interval '1 ms'
  FROM generate_series(1, {events}) n RETURNING position, order_id, occurred_at
)
INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift, done_at)
SELECT position, 'shipping.buy_label', order_id, 'ignored', 0, occurred_at, 'it has been shipped', '', occurred_at
FROM happened
"""


@dataclass(frozen=True)
class Stack:
    """What runs: `site` is its address, `folder` where its logs and mails are."""

    site: str
    folder: Path

    @property
    def customer(self) -> Customer:
        return Customer.log_in(self.site, "demo", "demo")

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs a statement in its database, and returns the rows if there are any."""
        with psycopg.connect((self.folder / "database-url").read_text().strip(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def manage(self, *arguments: str) -> None:
        """Runs `manage.py ARGUMENTS` beside it."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=_environment(self.folder), check=True, capture_output=True)

    def ship(self, body: dict[str, Any], status: str = "shipped") -> str:
        """Places the order, waits until it has the status, and returns its id."""
        customer = self.customer
        placed: str = customer.place(body)["id"]
        wait_until(lambda: customer.order(placed)["status"] == status, f"it is {status}")
        return placed

    def lengthen(self, order: str, events: int) -> None:
        """Lets so many more things happen to the order, to each of which one reaction has nothing to do."""
        self.execute(LONGER.format(order=order, events=events))

    def park(self, body: dict[str, Any]) -> str:
        """Places the order while the carrier's ledger takes nothing: buying its label is given up. Returns its id."""
        self.execute("ALTER TABLE sandbox_carrier.label ADD CONSTRAINT out_of_order CHECK (false) NOT VALID")
        try:
            placed: str = self.customer.place(body)["id"]
            parked = f"SELECT 1 FROM outbox_delivery WHERE order_id = '{placed}' AND state = 'parked'"
            wait_until(lambda: bool(self.execute(parked)), "its label has been given up")
        finally:
            self.execute("ALTER TABLE sandbox_carrier.label DROP CONSTRAINT out_of_order")
        return placed


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Starts everything in this folder, yields it once an order has gone through, and ends all of it.

    Raises:
        AssertionError: it did not start; what it said is the message.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    said = folder / "output"
    with said.open("wb") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "config.run"], cwd=ROOT, env=_environment(folder, PORT=port),
            stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        wait_until(lambda: run.poll() is not None or STARTED in said.read_text(), "everything has started", 120)
        assert run.poll() is None, said.read_text()
        yield Stack(f"http://127.0.0.1:{port}", folder)
    finally:
        run.terminate()
        run.wait(PATIENCE)


def wait_until(condition: Callable[[], bool], words: str, seconds: float = PATIENCE) -> None:
    """Returns once the condition is true; raises AssertionError when it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {words}"
        time.sleep(0.05)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in THEIRS}
    return {**kept, "VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "tests.browser.settings", **more}
