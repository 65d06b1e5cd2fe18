"""Getting on with operations: the relay looks once a second; nothing is asked of the table while none is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models.functions import Now

from outbox.operations.models import ItemOutcome, Kind, Operation
from outbox.operations.statements import CARRY_OUT, FIXED, RECOUNT, STOP, VERIFY
from outbox.reactions import reactions
from outbox.wakeup import notify_relay

# Operations looked after in one step; more may be open, and those that were requested first come first.
AT_ONCE = 100

Counts = dict[str, int]


def advance() -> None:
    """Verifies what operations have begun, and begins what is next in them; several relays share the work."""
    if not Operation.objects.filter(closed_at=None).exists():
        return
    with transaction.atomic(durable=True):
        operations = list(
            Operation.objects.select_for_update(skip_locked=True).filter(closed_at=None).order_by("pk")[:AT_ONCE]
        )
        ids = [operation.pk for operation in operations]
        _execute(VERIFY, ids)
        counts = recount(ids)
        begun = [operation.pk for operation in operations if go_on(operation, counts.get(operation.pk, {}))]
        recount(begun)
        _execute(FIXED, ids)


def go_on(operation: Operation, counts: Counts) -> bool:
    """Takes the operation's next step, by the outcomes so far; returns whether that changed anything.

    The operation has to be locked, or new.
    """
    if not counts.get(ItemOutcome.PLANNED):
        return False
    if operation.stop_requested_at is None and operation.canary and not _went_well(counts):
        if counts.get(ItemOutcome.RELEASED):
            return False
        if not counts.get(ItemOutcome.FAILED_AGAIN):
            return carry_out(operation, most=1)
        Operation.objects.filter(pk=operation.pk).update(outcome="The first one failed again; the others stay.")
    elif operation.stop_requested_at is None:
        return carry_out(operation)
    _execute(STOP, operation.pk)
    return True


def _went_well(counts: Counts) -> bool:
    return bool(counts.get(ItemOutcome.SUCCEEDED) or counts.get(ItemOutcome.NOTHING_TO_DO))


def carry_out(operation: Operation, most: int | None = None) -> bool:
    """Comes to the operation's next deliveries: as many as its rate allows, and `most` at most; returns that it did."""
    with connection.cursor() as cursor:
        cursor.execute(
            CARRY_OUT, judging(operation) | {"operation": operation.pk, "most": most, "words": _words(operation)}
        )
        begun = int(cursor.fetchone()[0])
    if begun:
        Operation.objects.filter(pk=operation.pk).update(released_at=Now())
        notify_relay()
    return True


def judging(operation: Operation) -> dict[str, Any]:
    """Returns the parameters by which the deliveries of an operation are judged."""
    return {
        "kind": operation.kind,
        "done_too": operation.done_too,
        "in_doubt_too": operation.in_doubt_too,
        "never_twice": never_twice(),
    }


def never_twice() -> list[str]:
    """Returns the effects that nobody can ask what became of a call, such as mails."""
    return [id for id, reaction in reactions().items() if reaction.effect and not hasattr(reaction.effect, "look_up")]


def recount(operations: Iterable[int]) -> dict[int, Counts]:
    """Counts the outcomes of these operations, and closes those of which all are known; returns the counts."""
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT, [list(operations)])
        return {id: msgspec.json.decode(counts) for id, counts in cursor.fetchall()}


def _words(operation: Operation) -> str:
    """What stands on a delivery that was skipped or parked."""
    done = "parked on purpose" if operation.kind == Kind.PARK else "skipped"
    return f"{done} by {operation.actor}: {operation.reason}"


def _execute(sql: str, parameter: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [parameter])
