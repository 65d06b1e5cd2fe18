"""Muting contracts: what is known to be broken is not told of any more, until a time or until somebody says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from outbox.expectations import either
from outbox.models import MutedContract, Operation, Reaction
from outbox.operations.models import Kind
from outbox.operations.requesting import Refused


def answer_of(reaction: Reaction) -> str:
    """Returns what the reaction promises to answer, in words; empty if nothing."""
    emits = reaction.contract.get("emits")
    return either(sorted(emits))[:1_000] if emits else ""


def muted_contracts() -> Sequence[MutedContract]:
    """Returns what is muted now: the time is not over, and the reaction still promises the same. One statement."""
    rows = MutedContract.objects.select_related("reaction", "operation").order_by("reaction")
    now = timezone.now()
    return [row for row in rows if (not row.until or row.until > now) and answer_of(row.reaction) == row.answer]


def mute_contract(reaction: Reaction, *, actor: str, reason: str, until: datetime | None = None) -> Operation:
    """Lets the page of silence keep quiet about the reaction's missing answers, of whichever order.

    Muting what is muted already changes until when.

    Raises:
        Refused: no reason is given, the time has passed, or the reaction promises nothing.
    """
    if not reason.strip():
        raise Refused("To mute needs a reason.")
    if until and until <= timezone.now():
        raise Refused("Until then it would have been muted: choose a time to come.")
    if not (answer := answer_of(reaction)):
        raise Refused(f"{reaction.pk} promises no answer, so none can be missing.")
    with transaction.atomic():
        outcome = f"muted until {until:%Y-%m-%d %H:%M}" if until else "muted"
        operation = _record(Kind.MUTE, reaction, actor=actor, reason=reason.strip(), outcome=outcome)
        kept = {"answer": answer, "until": until, "operation": operation}
        MutedContract.objects.update_or_create(reaction=reaction, defaults=kept)
    return operation


def unmute_contract(reaction: Reaction, *, actor: str, reason: str = "") -> Operation:
    """Lets the page of silence tell of the reaction's missing answers again.

    Raises:
        Refused: it is not muted.
    """
    with transaction.atomic():
        if not MutedContract.objects.filter(reaction=reaction).delete()[0]:
            raise Refused(f"The contract of {reaction.pk} is not muted.")
        return _record(Kind.UNMUTE, reaction, actor=actor, reason=reason.strip(), outcome="unmuted")


def _record(kind: Kind, reaction: Reaction, **told: str) -> Operation:
    operation = Operation(kind=kind, reaction=reaction, about=f"the contract of {reaction.pk}"[:300], **told)
    operation.save()
    Operation.objects.filter(pk=operation.pk).update(closed_at=Now())
    return operation
