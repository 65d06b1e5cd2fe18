"""Running an effect: prepare (transaction), call (no database), record (transaction), in this order and no other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

from django.db import connections, transaction

from outbox.answers import Batch
from outbox.conf import conf
from outbox.delivery import rows
from outbox.delivery.answering import ContractBroken, read, settle
from outbox.delivery.failures import Run, bisect, record_failure
from outbox.delivery.rows import Outcome, Row
from outbox.reactions import Answer, Effect, Reaction

# Seconds beyond its timeout that a call may take before it is given up; then its outcome is looked up.
GRACE = 2.0
MAYBE_DONE = "may have been done: the call was made, or not, and its answer is not known"

_pools: dict[str, ThreadPoolExecutor] = {}


class DatabaseForbidden(RuntimeError):
    """The `call` of an effect used the database; it may only use what its intent carries."""


class CallTimedOut(TimeoutError):
    """A call did not return within the effect's timeout; its outcome is unknown."""


def run_effect(reaction: Reaction, effect: Effect, run: Run, ids: Sequence[int] | None) -> None:
    """Prepares, calls and records the deliveries; outcomes are recorded as they arrive."""
    prepared = bisect(run, ids, partial(prepare, reaction, effect, run))
    if prepared:
        rows.renew(run.dispatch)
        _record_as_they_arrive(reaction, effect, run, _call_all(reaction, effect, prepared))
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


def _call_all(reaction: Reaction, effect: Effect, prepared: Sequence[tuple[Row, Any]]) -> dict[Future[Any], Row]:
    pool = _pools.get(reaction.id)
    if pool is None:
        pool = _pools[reaction.id] = ThreadPoolExecutor(
            reaction.width, thread_name_prefix=reaction.id, initializer=forbid_database
        )
    return {pool.submit(_call, effect, intent, row.called): row for row, intent in prepared}


def _call(effect: Any, intent: Any, called_before: bool) -> Any:
    """After any doubt the provider is asked first what became of the earlier call."""
    if called_before:
        outcome = effect.look_up(intent)
        if outcome is not None:
            return outcome
    return effect.call(intent)


def _record_as_they_arrive(reaction: Reaction, effect: Effect, run: Run, calls: dict[Future[Any], Row]) -> None:
    pending = set(calls)
    deadline = time.monotonic() + reaction.timeout * -(-len(calls) // reaction.width) + GRACE
    while pending and time.monotonic() < deadline:
        done, pending = wait(pending, timeout=1.0, return_when=FIRST_COMPLETED)
        if done:
            _record(reaction, effect, run, {calls[future].id: future for future in done})
        if pending:
            rows.renew(run.dispatch)
    for future in pending:
        future.cancel()
        record_failure(run, calls[future].id, CallTimedOut(f"no answer within {reaction.timeout} s"))


def _record(reaction: Reaction, effect: Effect, run: Run, done: dict[int, Future[Any]]) -> None:
    outcomes = {}
    for row, future in done.items():
        error = future.exception()
        if error is None:
            outcomes[row] = future.result()
        else:
            record_failure(run, row, error)
    if outcomes:
        bisect(run, list(outcomes), partial(record, reaction, effect, run, outcomes))


def record(
    reaction: Reaction, effect: Effect, run: Run, outcomes: dict[int, Any], ids: Sequence[int] | None
) -> list[int]:
    """In one transaction: lets the effect write the outcomes of these deliveries down and finishes them."""
    with transaction.atomic(durable=True):
        held = rows.load(run.dispatch, ids)
        if held:
            answers = effect.record([outcomes[row.id] for row in held])
            rows.finish(run.dispatch, settle(reaction, held, answers))
    return [row.id for row in held]


def forbid_database() -> None:
    """Makes every use of Django's database connections raise in this thread."""
    for connection in connections.all():
        refuse: Callable[[], NoReturn] = _refuse
        connection.ensure_connection = refuse  # type: ignore[method-assign]


def _refuse() -> NoReturn:
    raise DatabaseForbidden(
        "an effect's call() may not use the database; let prepare() put what it needs in the intent"
    )
