"""Parts of the money that the provider has refused to give back.

Each is owed until it has gone back, staff has said that it is settled in another way, or its order is cancelled.

Unlike everything else that an order shows, this does not follow from the names of what has happened to it: one part may
have failed and another gone back.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from orders.models import Order
from orders.status import CANCELLED, PART_REFUND_DROPPED, PART_REFUND_FAILED, PARTLY_REFUNDED
from outbox.models import Event

SETTLED_BY = (PARTLY_REFUNDED, PART_REFUND_DROPPED)


def owed_parts(events: Sequence[Event]) -> list[Event]:
    """Returns, of the events of an order, those of parts that are owed: of each part its last failure."""
    names = {event.name for event in events}
    settled = {event.payload["refund_id"] for event in events if event.name in SETTLED_BY}
    failed = {event.payload["refund_id"]: event for event in events if event.name == PART_REFUND_FAILED}
    return [] if CANCELLED in names else [event for refund, event in failed.items() if refund not in settled]


def orders_owed_parts() -> QuerySet[Event, object]:
    """Returns as a subquery the ids of the orders to which a part is owed."""
    of_order = Event.objects.filter(order_id=OuterRef("order_id"))
    settled = of_order.filter(name__in=SETTLED_BY, payload__refund_id=OuterRef("payload__refund_id"))
    failed = Event.objects.filter(~Exists(settled), ~Exists(of_order.filter(name=CANCELLED)), name=PART_REFUND_FAILED)
    return failed.values("order_id")


def with_owed_parts(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Has each order say whether a part is owed to it, as `owes_a_part`."""
    return orders.annotate(owes_a_part=Exists(orders_owed_parts().filter(order_id=OuterRef("pk"))))
