"""Requesting operations: what staff may ask for, each in one transaction with its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from outbox.models import Dispatch, FailureGroup, Note, Operation, Reaction
from outbox.operations.models import NEED_A_REASON, Kind
from outbox.operations.progress import go_on, judging, recount
from outbox.operations.statements import FREEZE, PASS_BY, PREVIEW

MOST = 10_000
FASTEST = 100


class Refused(ValueError):
    """The operation cannot be done as asked; the text says what to mend."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an operation would do now: how many deliveries and orders it is about, and how many would end how."""

    deliveries: int
    orders: int
    verdicts: dict[str, int]

    def count(self, outcome: str) -> int:
        """Returns how many would end like this."""
        return self.verdicts.get(outcome, 0)


def preview(operation: Operation, deliveries: Sequence[int]) -> Preview:
    """Returns what a requested, or not yet saved, operation would do to these deliveries at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(PREVIEW, judging(operation) | {"ids": list(deliveries)})
        rows = cursor.fetchall()
    verdicts = {verdict: count for verdict, count, _ in rows if verdict is not None}
    total, orders = next(((count, orders) for verdict, count, orders in rows if verdict is None), (0, 0))
    return Preview(deliveries=total, orders=orders, verdicts=verdicts)


def request(operation: Operation, deliveries: Sequence[int]) -> Operation:
    """Requests an operation about these deliveries and no others, and takes its first step at once.

    Raises:
        Refused: no reason is given where one is needed; no delivery is chosen, or too many; the rate is out of range.
    """
    _check(operation)
    if not deliveries or len(deliveries) > MOST:
        raise Refused(f"Choose one delivery at least and {MOST:,} at most.")
    with transaction.atomic():
        operation.about = operation.about or _about(deliveries)
        operation.save()
        _freeze(operation, sorted(set(deliveries)))
        go_on(operation, recount([operation.pk])[operation.pk])
        recount([operation.pk])
    operation.refresh_from_db()
    return operation


def _freeze(operation: Operation, ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FREEZE, [operation.pk, ids])
        if not cursor.rowcount:
            raise Refused("None of these deliveries exists any more.")
        cursor.execute(PASS_BY, judging(operation) | {"operation": operation.pk, "ids": ids})


def _about(deliveries: Sequence[int]) -> str:
    return f"delivery {deliveries[0]}" if len(deliveries) == 1 else f"{len(deliveries):,} deliveries"


def _check(operation: Operation) -> None:
    operation.reason = operation.reason.strip()
    if operation.kind in NEED_A_REASON and not operation.reason:
        raise Refused(f"To {operation.kind} needs a reason.")
    if operation.rate is not None and not 1 <= operation.rate <= FASTEST:
        raise Refused(f"The rate is a number from 1 to {FASTEST}, of deliveries a second.")


def stop(operation: Operation, *, actor: str) -> None:
    """Lets the operation begin nothing more; what it has begun goes on, and is still verified.

    Raises:
        Refused: it is over already.
    """
    with transaction.atomic():
        row = Operation.objects.select_for_update().get(pk=operation.pk)
        if row.closed_at or row.stop_requested_at:
            raise Refused("It is over already: there is nothing to stop.")
        row.stop_requested_at, row.stopped_by = Now(), actor
        row.save(update_fields=["stop_requested_at", "stopped_by"])
        go_on(row, row.counts)
        recount([row.pk])


def pause(reaction: Reaction, *, actor: str, reason: str) -> Operation:
    """Keeps the reaction from being handed anything more; what is under way ends as usual.

    Raises:
        Refused: no reason is given, or it is paused already.
    """
    return _switch(reaction, True, Operation(kind=Kind.PAUSE, actor=actor, reason=reason))


def resume(reaction: Reaction, *, actor: str, reason: str = "") -> Operation:
    """Lets a paused reaction go on with what has piled up.

    Raises:
        Refused: it is not paused.
    """
    return _switch(reaction, False, Operation(kind=Kind.RESUME, actor=actor, reason=reason))


def _switch(reaction: Reaction, paused: bool, operation: Operation) -> Operation:
    _check(operation)
    with transaction.atomic():
        # The row's lock is the relay's too: from here on no other claim of this reaction is under way.
        if not Reaction.objects.filter(pk=reaction.pk, paused=not paused).update(paused=paused):
            raise Refused(f"{reaction.pk} is {'paused already' if paused else 'not paused'}.")
        running = Dispatch.objects.filter(reaction=reaction, closed_at=None).count()
        operation.outcome = f"paused; {running} dispatches were under way and end as usual" if paused else "resumed"
        return _closed(operation, about=f"reaction {reaction.pk}", reaction=reaction)


def mute(group: FailureGroup, *, actor: str, muted: bool = True) -> Operation:
    """Takes a failure group out of the list of those to look at, or puts it back."""
    with transaction.atomic():
        FailureGroup.objects.filter(pk=group.pk).update(muted_at=Now() if muted else None)
        operation = Operation(
            kind=Kind.MUTE if muted else Kind.UNMUTE, actor=actor, outcome=f"{'' if muted else 'un'}muted"
        )
        return _closed(operation, about=f"failure group {group.pk}", group=group)


def reveal(order_id: UUID, *, actor: str, reason: str) -> Operation:
    """Records that somebody looks at the personal fields of an order.

    Raises:
        Refused: no reason is given.
    """
    operation = Operation(kind=Kind.REVEAL, actor=actor, reason=reason, outcome="revealed")
    _check(operation)
    return _closed(operation, about=f"personal fields of order …{str(order_id)[-12:]}", order_id=order_id)


def act(about: str, *, actor: str, order_id: UUID, reason: str = "") -> Operation:
    """Records what somebody does by an app's own means, in the transaction in which it is done."""
    return _closed(Operation(kind=Kind.ACT, actor=actor, reason=reason), about=about, order_id=order_id)


def record_scenario(code: str, *, actor: str, order_id: UUID, reason: str) -> Operation:
    """Records, in the transaction in which its order is placed, that a scenario of the lab is run.

    `reason` says in a sentence what it shows. Some codes have the relay disturb the order's messages.
    """
    operation = Operation(kind=Kind.SCENARIO, actor=actor, reason=reason)
    return _closed(operation, about=code, order_id=order_id)


def _closed(operation: Operation, **about: object) -> Operation:
    """Saves an operation that is done with the transaction that it is requested in."""
    for name, value in about.items():
        setattr(operation, name, value)
    operation.save()
    Operation.objects.filter(pk=operation.pk).update(closed_at=Now())
    return operation


def write_note(text: str, *, actor: str, order_id: UUID | None = None, group: FailureGroup | None = None) -> Note:
    """Writes a note on an order or on a failure group, which is one of the two.

    Raises:
        Refused: it says nothing.
    """
    if not text.strip():
        raise Refused("A note has to say something.")
    return Note.objects.create(text=text.strip(), actor=actor, order_id=order_id, group=group)
