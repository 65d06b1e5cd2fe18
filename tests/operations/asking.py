"""Asking for operations as staff does, and looking at what came of them: the vocabulary of these tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outbox.models import Delivery, Operation
from outbox.operations.progress import advance
from outbox.operations.requesting import request
from tests.outbox.rings import again, run


def ask(kind: str, *deliveries: Delivery, **given: Any) -> Operation:
    """Requests the operation about these deliveries, with a reason."""
    options = {"kind": kind, "actor": "staff:sue", "reason": "asked to", "about": "a test"} | given
    return request(Operation(**options), [delivery.pk for delivery in deliveries])


def outcomes(operation: Operation) -> list[str]:
    """Returns what became of each of the operation's deliveries, in their order."""
    return list(operation.items.order_by("pk").values_list("outcome", flat=True))


def verified(operation: Operation) -> list[str]:
    """Lets the relay look at its operations, and returns the outcomes of this one."""
    advance()
    return outcomes(operation)


def state(delivery: Delivery) -> str:
    return Delivery.objects.values_list("state", flat=True).get(pk=delivery.pk)


def failing(*notes: str) -> list[Delivery]:
    """Rings, and lets each of these fail once; the deliveries wait for their next attempt."""
    deliveries = run(*notes)
    assert {delivery.state for delivery in deliveries} == {"waiting"}
    return deliveries


def parked(*notes: str) -> list[Delivery]:
    """Rings, and lets these fail until they are parked."""
    deliveries = run(*notes)
    Delivery.objects.filter(pk__in=ids(deliveries)).update(attempts=7)
    again()
    assert {state(delivery) for delivery in deliveries} == {"parked"}
    return deliveries


def ids(deliveries: Iterable[Delivery]) -> list[int]:
    return [delivery.pk for delivery in deliveries]
