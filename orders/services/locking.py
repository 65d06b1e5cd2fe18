"""How orders are locked: by everybody in the same order."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from orders.models import Order
from orders.services.owing import with_owed_parts


def locked(order_ids: Iterable[UUID]) -> QuerySet[Order]:
    """The orders, locked in the order of their ids, as everybody locks them. Their lines may still be referred to."""
    return Order.objects.select_for_update(no_key=True).filter(pk__in=order_ids).order_by("pk")


def lock_order(*, order_id: UUID) -> Order:
    """Returns the order, which stays as it is until the caller's transaction ends.

    Raises:
        Order.DoesNotExist: there is no such order.
    """
    return with_owed_parts(locked([order_id])).get()
