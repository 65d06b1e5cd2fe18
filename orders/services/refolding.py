"""Folding anew: what each order's events amount to, beside what is kept with the order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from orders.models import Order
from orders.services.locking import locked
from orders.services.tracking import keep
from orders.status import FOLDED, status_of
from outbox.history import names_of

BATCH = 1000


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """An order that keeps something else than its events amount to; without any events nobody can say what."""

    id: UUID
    number: str
    kept_seen: frozenset[str]
    kept_status: str
    seen: frozenset[str]
    status: str
    has_history: bool

    def __str__(self) -> str:
        """Says what is kept, and what it should be."""
        if not self.has_history:
            return f"{self.number} ({self.id}): keeps the status {self.kept_status}, but has no events; left as it is"
        unlike = {
            f"status {self.kept_status}, by its events {self.status}": self.kept_status != self.status,
            f"has not seen {_listed(self.seen - self.kept_seen)}": self.seen - self.kept_seen,
            f"has seen what never happened: {_listed(self.kept_seen - self.seen)}": self.kept_seen - self.seen,
        }
        return f"{self.number} ({self.id}): {'; '.join(words for words, holds in unlike.items() if holds)}"


def in_batches(size: int = BATCH) -> Iterator[list[UUID]]:
    """Yields the ids of all orders, sorted, in lists of at most `size`."""
    orders = Order.objects.order_by("pk").values_list("pk", flat=True)
    batch = list(orders[:size])
    while batch:
        yield batch
        batch = list(orders.filter(pk__gt=batch[-1])[:size])


def mismatches(order_ids: Sequence[UUID]) -> list[Mismatch]:
    """Locks these orders and returns those whose set of events or status is not what their events amount to."""
    # Locked first: an event that is folded meanwhile would be seen by the order and not by us.
    orders = list(locked(order_ids).only("number", "seen", "status"))
    happened = names_of(order_ids)
    compared = [_compared(order, happened.get(order.pk)) for order in orders]
    return [one for one in compared if (one.kept_seen, one.kept_status) != (one.seen, one.status)]


def _compared(order: Order, happened: set[str] | None) -> Mismatch:
    seen = frozenset(happened or ()).intersection(FOLDED)
    return Mismatch(
        id=order.pk,
        number=order.number,
        kept_seen=frozenset(order.seen),
        kept_status=order.status,
        seen=seen,
        status=status_of(seen),
        has_history=happened is not None,
    )


def mend(found: Sequence[Mismatch]) -> int:
    """Lets the locked orders keep what their events amount to, and returns how many have any."""
    mended = [one for one in found if one.has_history]
    keep([{"id": one.id, "seen": sorted(one.seen), "status": one.status} for one in mended])
    return len(mended)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
