"""`deliver()`: one dispatch, from the message to the commit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from django.db import transaction

from outbox.causes import Cause, caused_by
from outbox.conf import conf
from outbox.delivery import effects, rows
from outbox.delivery.answering import read, settle
from outbox.delivery.failures import Run, bisect, park, with_retries
from outbox.reactions import React, Reaction


def deliver(reaction: Reaction, dispatch: int, *, worker: str = "", task_id: str = "") -> None:
    """Runs the reaction on the dispatch's open deliveries; does nothing if they are somebody else's by now.

    Recorded failures are normal ends. What it raises is what could not be recorded, such as a lost database.
    """
    # What the columns hold: whoever writes messages chooses the id.
    run = Run(dispatch, worker[:200], task_id[:64], reaction.max_attempts)
    careful = with_retries(lambda: rows.start(dispatch, reaction.id, run.worker))
    if careful is None:
        return
    with caused_by(Cause(producer=reaction.id)):
        if careful:
            _deliver_carefully(reaction, run)
        else:
            _deliver_batch(reaction, run, None)


def _deliver_batch(reaction: Reaction, run: Run, ids: Sequence[int] | None) -> None:
    """All at once (None: the whole dispatch); only when that fails the rows are looked at in halves."""
    if reaction.effect is not None:
        effects.run_effect(reaction, reaction.effect, run, ids)
    elif reaction.react is not None:
        bisect(run, ids, partial(react, reaction, reaction.react, run))


def _deliver_carefully(reaction: Reaction, run: Run) -> None:
    """Each delivery alone, its attempt committed before it runs: a worker may have died on one of them.

    Those with the fewest attempts go first, so that a delivery that kills its worker does so last.
    """
    for row in _in_time(run, rows.open_rows(run.dispatch)):
        attempt = rows.count_attempt(run.dispatch, row)
        if attempt is None:
            continue
        if attempt > run.max_attempts:
            with suppress(rows.Fenced):
                park(run, row, f"its worker died on it again and again ({attempt - 1} attempts)")
        else:
            _deliver_batch(reaction, replace(run, counted=True), [row])
    rows.close(run.dispatch)


def _in_time(run: Run, ids: list[int]) -> Iterator[int]:
    deadline = time.monotonic() + conf().patience
    for index, row in enumerate(ids):
        if time.monotonic() > deadline:
            rows.release(run.dispatch, ids[index:], delay=0)
            return
        rows.renew(run.dispatch)
        yield row


def react(reaction: Reaction, function: React, run: Run, ids: Sequence[int] | None) -> list[int]:
    """One transaction: locks the rows, runs the reaction on their events, writes what it answers."""
    with transaction.atomic(durable=True):
        held = rows.load(run.dispatch, ids)
        known = [row for row in held if row.name in reaction.contract.reads]
        batch = read(reaction, known)
        outcomes = settle(reaction, known, function(batch) or ()) if batch else []
        rows.finish(run.dispatch, outcomes + unknown(reaction, held))
    if not held:
        rows.close(run.dispatch)
    return [row.id for row in held]


def unknown(reaction: Reaction, held: list[rows.Row]) -> list[rows.Outcome]:
    """Events that a newer release has subscribed this reaction to are left for a worker of that release."""
    return [
        rows.Outcome(row.id, "waiting", f"left for a worker that knows {row.name}", delay=conf().soon)
        for row in held
        if row.name not in reaction.contract.reads
    ]
