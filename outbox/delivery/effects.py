"""Running an effect: prepare (transaction), call (no database), record (transaction), in this order and no other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from outbox.answers import Batch, NotDone
from outbox.conf import conf
from outbox.delivery import rows
from outbox.delivery.answering import ContractBroken, read, settle
from outbox.delivery.calling import Calls, Returned
from outbox.delivery.failures import Run, bisect, outlast, record_failure
from outbox.delivery.grouping import count_failures
from outbox.delivery.rows import Fenced, Outcome, Row
from outbox.reactions import Answer, Effect, Reaction

RENEW_EVERY = 1.0
# What the calls of some deliveries returned, by the delivery's id.
Outcomes = dict[int, tuple[Row, Any]]
MAYBE_DONE = "may have been done: the call was made, or not, and its answer is not known"


def run_effect(reaction: Reaction, effect: Effect, run: Run, ids: Sequence[int] | None) -> None:
    """Prepares, calls and records the deliveries; outcomes are recorded as they arrive."""
    prepared = bisect(run, ids, partial(prepare, reaction, effect, run))
    if prepared:
        _record_as_they_return(reaction, effect, run, Calls(reaction, effect, prepared))
    else:
        rows.close(run.dispatch)


def prepare(reaction: Reaction, effect: Effect, run: Run, ids: Sequence[int] | None) -> list[tuple[Row, Any]]:
    """In one transaction: returns an intent for each delivery that needs a call, and finishes the others."""
    with transaction.atomic(durable=True):
        held = rows.load(run.dispatch, ids)
        runnable = [row for row in held if row.name in reaction.contract.reads and not _doubtful(reaction, row)]
        batch = read(reaction, runnable)
        said = list(effect.prepare(batch)) if batch else []
        answers = [item for item in said if isinstance(item, Answer)]
        intents = _intents(reaction, batch, said)
        answered = {answer.order_id for answer in answers}
        outcomes = settle(reaction, [row for row in runnable if row.order_id in answered], answers)
        calls = [(row, intents[row.order_id]) for row in runnable if row.order_id in intents]
        silent = [row for row in runnable if row.order_id not in answered and row.order_id not in intents]
        rows.mark_called(run.dispatch, [row.id for row, _ in calls])
        rows.finish(run.dispatch, [*outcomes, *settle(reaction, silent, ()), *_not_now(reaction, held)])
        count_failures([row.id for row in held if _doubtful(reaction, row)], "may have been done")
    return calls


def _intents(reaction: Reaction, batch: Batch[Any], said: Sequence[Any]) -> dict[UUID, Any]:
    """Returns the intents by order. One too many would be a call that nobody has asked for, in production as well."""
    intents: dict[UUID, Any] = {}
    orders = set(batch.order_ids)
    times_said = Counter(item.order_id for item in said)
    for item in said:
        if isinstance(item, Answer):
            continue
        if times_said[item.order_id] > 1 or item.order_id not in orders:
            raise ContractBroken(f"{reaction.id} prepared {item!r}, which is not one call for one order of its batch")
        intents[item.order_id] = item
    return intents


def _doubtful(reaction: Reaction, row: Row) -> bool:
    return row.called and not hasattr(reaction.effect, "look_up")


def _not_now(reaction: Reaction, held: Iterable[Row]) -> list[Outcome]:
    """Those that are not to be called: the outcome of an earlier call is unknown, or the event is."""
    outcomes = []
    for row in held:
        if row.name not in reaction.contract.reads:
            words = f"left for a worker that knows {row.name}"
            outcomes.append(Outcome(row.id, "waiting", words, delay=conf().soon))
        elif _doubtful(reaction, row):
            outcomes.append(Outcome(row.id, "parked", MAYBE_DONE))
    return outcomes


def _record_as_they_return(reaction: Reaction, effect: Effect, run: Run, calls: Calls) -> None:
    begun = renewed = time.monotonic()
    try:
        while calls.are_open:
            outlast(partial(_record, reaction, effect, run, calls.gather()))
            now = time.monotonic()
            if calls.are_open and now > renewed + RENEW_EVERY:
                outlast(partial(rows.renew, run.dispatch))
                renewed = now
            if now > begun + conf().patience and (given_back := calls.give_back()):
                outlast(partial(_give_back, run, given_back))
    finally:
        calls.give_back()  # whatever ends this early, no call may begin whose outcome nobody would record


def _give_back(run: Run, given_back: Sequence[Row]) -> None:
    rows.unmark_called(run.dispatch, [row.id for row in given_back if not row.called])  # an earlier call is in doubt
    rows.release(run.dispatch, [row.id for row in given_back], delay=0)


def _record(reaction: Reaction, effect: Effect, run: Run, returned: Sequence[Returned]) -> None:
    for call in returned:
        if isinstance(call.error, NotDone) and not call.row.called:
            rows.unmark_called(run.dispatch, [call.row.id])  # of an earlier call it says nothing
        if call.error is not None:
            record_failure(run, call.row.id, call.error)
    outcomes = {call.row.id: (call.row, call.outcome) for call in returned if call.error is None}
    if outcomes:
        bisect(run, list(outcomes), partial(record, reaction, effect, run, outcomes))


def record(reaction: Reaction, effect: Effect, run: Run, outcomes: Outcomes, ids: Sequence[int] | None) -> list[int]:
    """In one transaction: lets the effect write the outcomes of these deliveries down and finishes them.

    They are taken to be ours still. If some are not, nothing of it stays, and only the others are recorded.
    """
    returned = [outcomes[id][0] for id in (outcomes if ids is None else ids)]
    try:
        with transaction.atomic(durable=True):
            # Its row stays locked as well: nobody takes the dispatch over while the effect waits for a lock of others.
            rows.renew(run.dispatch)
            return _write_down(reaction, effect, run, outcomes, returned)
    except Fenced:
        with transaction.atomic(durable=True):
            held = rows.load(run.dispatch, ids, to_read=False)
            return _write_down(reaction, effect, run, outcomes, held)


def _write_down(reaction: Reaction, effect: Effect, run: Run, outcomes: Outcomes, held: Sequence[Row]) -> list[int]:
    if held:
        answers = effect.record([outcomes[row.id][1] for row in held])
        rows.finish(run.dispatch, settle(reaction, held, answers))
    return [row.id for row in held]
