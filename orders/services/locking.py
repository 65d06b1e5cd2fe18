"""How orders are locked: by everybody in the same order."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from orders.models import Order


def locked(order_ids: Iterable[UUID]) -> QuerySet[Order]:
    """The orders, locked in the order of their ids, as everybody locks them. Their lines may still be referred to."""
    return Order.objects.select_for_update(no_key=True).filter(pk__in=order_ids).order_by("pk")
