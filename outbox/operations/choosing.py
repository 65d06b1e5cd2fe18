"""Which deliveries somebody means: what is chosen is frozen in an operation, and later ones are not part of it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from outbox.models import Delivery, FailureGroup, Operation
from outbox.operations.models import ItemOutcome
from outbox.operations.requesting import MOST

# What has failed and is not through yet: given up, or between two attempts.
FAILED = Q(state="parked") | Q(state="waiting", attempts__gt=0)


def failed_of_order(order_id: UUID) -> list[int]:
    """Returns the order's deliveries that are parked or wait for another attempt."""
    return _ids(Delivery.objects.filter(FAILED, event__order_id=order_id))


def of_event(position: int) -> list[int]:
    """Returns the event's deliveries to all who react to it."""
    return _ids(Delivery.objects.filter(event=position))


def parked_of_reaction(reaction_id: str) -> list[int]:
    """Returns the parked deliveries of a reaction, the oldest first."""
    return _ids(Delivery.objects.filter(reaction=reaction_id, state="parked"))


def open_of_group(group: FailureGroup) -> list[int]:
    """Returns what is open of a failure group and can be tried again, the oldest first."""
    return _ids(Delivery.objects.filter(failure_group=group, state__in=("waiting", "parked")))


def not_through(operation: Operation) -> list[int]:
    """Returns the deliveries of an operation that failed again, or that it had not begun when it was stopped."""
    items = operation.items.filter(outcome__in=(ItemOutcome.FAILED_AGAIN, ItemOutcome.STOPPED))
    return list(items.order_by("pk").values_list("delivery_id", flat=True)[:MOST])


def _ids(deliveries: QuerySet[Delivery]) -> list[int]:
    """The first 10,000; who has more comes again when these are through."""
    return list(deliveries.order_by("pk").values_list("pk", flat=True)[:MOST])
