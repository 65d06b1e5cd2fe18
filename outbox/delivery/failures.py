"""Failures: what is transient, what is recorded, when it is tried again, and when it is parked."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import Error as DatabaseError
from django.db import OperationalError, connection, transaction

from outbox.conf import conf
from outbox.delivery import rows
from outbox.delivery.grouping import count_failures, frame_of
from outbox.delivery.rows import Fenced, Outcome
from outbox.models import Attempt

# Worth a retry as it is: serialization failure, deadlock, lock timeout, statement timeout, shutdowns and restarts.
TRANSIENT = {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03"}
MESSAGE_LIMIT = 4_000
TRACEBACK_LIMIT = 20_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """Who runs what: the dispatch, and who to name in the record of a failed attempt."""

    dispatch: int
    worker: str = ""
    task_id: str = ""
    max_attempts: int = field(default_factory=lambda: conf().max_attempts)
    counted: bool = False  # careful mode has counted the attempt before running it


def is_transient(error: BaseException) -> bool:
    """Whether the same statements may well succeed when they are run again."""
    if not isinstance(error, DatabaseError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return (
        state in TRANSIENT or (state or "").startswith("08") or (state is None and isinstance(error, OperationalError))
    )


def with_retries(work: Callable[[], T]) -> T:
    """Runs `work`, a transaction, again after a transient database error, a few times in a row."""
    for attempt in range(conf().transient_retries):
        try:
            return work()
        except DatabaseError as error:
            if not is_transient(error):
                raise
            if not connection.in_atomic_block:  # in a test case's transaction a new connection would be of no use
                connection.close_if_unusable_or_obsolete()
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 (jitter, not a secret)
    return work()


def outlast(work: Callable[[], T]) -> T:
    """Runs `work` again until the database is back, for as long as a dispatch may take.

    For what only this process knows: the outcomes of calls. Losing them to a restart would leave mails in doubt.
    """
    deadline = time.monotonic() + conf().patience
    while True:
        try:
            return work()
        except DatabaseError as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
            connection.close_if_unusable_or_obsolete()
            time.sleep(random.uniform(0.1, 0.3))  # noqa: S311 (jitter)


def bisect(run: Run, ids: Sequence[int] | None, work: Callable[[Sequence[int] | None], list[T]]) -> list[T]:
    """Runs `work` on the deliveries (None: all of the dispatch); when it raises, on each half alone, and so on.

    The culprit ends up alone and is recorded. Returns what `work` returned for those that went through.
    """
    try:
        return with_retries(lambda: work(ids))
    except Fenced:
        return []
    except Exception as error:
        rows.renew(run.dispatch)
        ids = rows.open_rows(run.dispatch) if ids is None else ids
        if len(ids) == 1:
            record_failure(run, ids[0], error)
            return []
        if not ids or isinstance(error, SoftTimeLimitExceeded):
            raise  # no time is left to look for the culprit: the lease expires, and a careful successor finds it
    half = len(ids) // 2
    return bisect(run, ids[:half], work) + bisect(run, ids[half:], work)


def record_failure(run: Run, row: int, error: BaseException) -> None:
    """Records the failed attempt and makes the delivery due again after a backoff, or parks it after the last one."""
    with transaction.atomic():
        held = rows.load(run.dispatch, [row], to_read=False)
        if not held:
            return
        number = held[0].attempts if run.counted else rows.count_attempt(run.dispatch, row) or 0
        Attempt.objects.create(
            delivery_id=row,
            number=number,
            exception=type(error).__qualname__[:200],
            message=_clean(str(error), MESSAGE_LIMIT),
            traceback=_clean("".join(traceback.format_exception(error)), TRACEBACK_LIMIT),
            worker=run.worker,
            task_id=run.task_id,
        )
        rows.finish(run.dispatch, [_after_failure(run, row, number, error)])
        count_failures([row], type(error).__qualname__, frame_of(error))


def _after_failure(run: Run, row: int, number: int, error: BaseException) -> Outcome:
    words = _clean(f"{type(error).__name__}: {error}", 500)
    if number >= run.max_attempts:
        return Outcome(row, "parked", f"{words} (after {number} attempts)")
    return Outcome(row, "waiting", words, delay=backoff(number))


def park(run: Run, row: int, cause: str) -> None:
    """Parks a delivery, on which its worker has died, for an operator."""
    with transaction.atomic():
        rows.finish(run.dispatch, [Outcome(row, "parked", cause)])
        count_failures([row], "its worker died")


def backoff(attempt: int) -> float:
    """Returns the seconds to wait after the attempt of this number: exponential, with full jitter.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    settings = conf()
    return random.uniform(0, min(settings.longest_backoff, settings.backoff * 2**attempt))  # noqa: S311 (jitter)


def _clean(text: str, limit: int) -> str:
    """PostgreSQL's text takes no NUL, and no lone surrogates."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()[:limit]
