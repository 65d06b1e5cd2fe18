"""What the commands share: who asks, which deliveries they choose, and how they tell what came of it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from outbox.models import FailureGroup, Operation, Reaction
from outbox.operations import choosing
from outbox.operations.models import ItemOutcome
from outbox.operations.requesting import Preview, Refused, preview, request


def actor() -> str:
    """Returns who asks: the account that the command runs under."""
    return f"command:{getpass.getuser()}"[:200]


def add_choice(parser: CommandParser) -> None:
    """Adds the options that say which deliveries are meant: exactly one of them."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--delivery", type=int, nargs="+", metavar="NUMBER", help="these deliveries")
    which.add_argument("--order", type=UUID, metavar="ID", help="what failed of this order")
    which.add_argument("--reaction", metavar="REACTION", help="what is parked of this reaction")
    which.add_argument("--group", type=int, metavar="NUMBER", help="what is open of this failure group")
    which.add_argument("--operation", type=int, metavar="NUMBER", help="what this operation did not bring through")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


def chosen(options: dict[str, Any]) -> tuple[list[int], FailureGroup | None]:
    """Returns the deliveries that the options choose, and the failure group if they name one.

    Raises:
        CommandError: what they name does not exist, or there is nothing to choose.
    """
    group = None
    if options["group"] is not None:
        group = FailureGroup.objects.filter(pk=options["group"]).first()
        if group is None:
            raise CommandError(f"There is no failure group {options['group']}.")
    found = _found(options, group)
    if not found:
        raise CommandError("Nothing of that kind has failed: there is nothing to do.")
    return found, group


def _found(options: dict[str, Any], group: FailureGroup | None) -> list[int]:
    if group:
        return choosing.open_of_group(group)
    if options["order"]:
        return choosing.failed_of_order(options["order"])
    if options["reaction"]:
        return choosing.parked_of_reaction(existing_reaction(options["reaction"]).pk)
    if options["operation"] is not None:
        return choosing.not_through(Operation(pk=options["operation"]))
    return list(options["delivery"])


def existing_reaction(id: str) -> Reaction:
    """Returns the reaction of this id.

    Raises:
        CommandError: no reaction is called so.
    """
    reaction = Reaction.objects.filter(pk=id).first()
    if reaction is None:
        raise CommandError(f"No reaction is called {id}.")
    return reaction


def carry_out(operation: Operation, deliveries: Sequence[int], *, dry_run: bool) -> str:
    """Requests the operation, or only looks at what it would do; returns what there is to say.

    Raises:
        CommandError: it is refused.
    """
    if dry_run:
        return "\n".join(_told_preview(preview(operation, deliveries)))
    try:
        return told(request(operation, deliveries))
    except Refused as refused:
        raise CommandError(str(refused)) from refused


def _told_preview(preview: Preview) -> Iterator[str]:
    yield f"{preview.deliveries} deliveries of {preview.orders} orders:"
    for outcome, count in preview.verdicts.items():
        words = "to be delivered" if outcome == ItemOutcome.RELEASED else ItemOutcome(outcome).label.lower()
        yield f"  {count:>6} {words}"


def told(operation: Operation) -> str:
    """Returns an operation in one line: what it is, how far it is, and the outcomes so far."""
    state = "over" if operation.closed_at else "under way"
    counts = ", ".join(
        f"{operation.counts[name]} {ItemOutcome(name).label.lower()}"
        for name in ItemOutcome.values
        if name in operation.counts
    )
    said = ". ".join(part for part in (counts, operation.outcome) if part)
    return f"{operation.pk} {operation.what} by {operation.actor}: {state}; {said or 'no outcome yet'}"
