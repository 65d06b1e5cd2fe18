"""The use cases of shipping, the only writers of its table. Shipments are locked in the order of their orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.db.models.functions import Now

from outbox import Batch, Ignored, Waiting
from shipping.events import OrderShipped, ShipmentStopped, ShippedLine
from shipping.models import Shipment
from shipping.readers import Address, LineToShip, OrderCancelled, OrderPlaced, PaymentCaptured

State = Shipment.State

CARRIER = "Starling Post"

# Notes what was heard, opens what is missing, and locks and returns the row: one statement, so that of two events
# that come at the same time one sees the other's. The row lock is also what decides between shipping and stopping.
NOTE = """
INSERT INTO shipping_shipment AS kept (id, order_id, lines, ship_to, paid)
SELECT id, order_id, lines, ship_to, paid
FROM jsonb_to_recordset(%s::jsonb) AS heard (id uuid, order_id uuid, lines jsonb, ship_to jsonb, paid boolean)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET
    lines = coalesce(kept.lines, EXCLUDED.lines),
    ship_to = coalesce(kept.ship_to, EXCLUDED.ship_to),
    paid = kept.paid OR EXCLUDED.paid
RETURNING *
"""

SHIP = """
UPDATE shipping_shipment AS kept
SET state = 'shipped', state_since = statement_timestamp(), shipped_at = statement_timestamp(),
    carrier = parcel.carrier, tracking_number = parcel.tracking_number
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS parcel (id, carrier, tracking_number)
WHERE kept.id = parcel.id
RETURNING kept.*
"""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says about a shipment."""

    order_id: UUID
    id: UUID = msgspec.field(default_factory=uuid_utils.compat.uuid7)
    lines: tuple[LineToShip, ...] | None = None
    ship_to: Address | None = None
    paid: bool = False


def ship_paid(news: Batch[OrderPlaced | PaymentCaptured]) -> Iterator[OrderShipped | Waiting | Ignored]:
    """Ships each order of which both the address and the payment are known now."""
    shipments = _note(_heard(event) for event in news)
    obstacles = {shipment.order_id: answer for shipment in shipments if (answer := _obstacle(shipment))}
    shipped = _ship([shipment for shipment in shipments if shipment.order_id not in obstacles])
    yield from map(_shipped, shipped)
    yield from obstacles.values()


def _heard(event: OrderPlaced | PaymentCaptured) -> Heard:
    if isinstance(event, PaymentCaptured):
        return Heard(order_id=event.order_id, paid=True)
    return Heard(order_id=event.order_id, lines=event.lines, ship_to=event.ship_to)


def _obstacle(shipment: Shipment) -> Waiting | Ignored | None:
    """Returns what keeps the shipment from being handed over now, if anything does."""
    if shipment.state != State.DRAFT:
        return Ignored(shipment.order_id, f"the shipment is already {shipment.state}")
    if shipment.lines is None:
        return Waiting(shipment.order_id, for_="orders.OrderPlaced")
    if not shipment.paid:
        return Waiting(shipment.order_id, for_="payments.PaymentCaptured")
    return None


def _ship(shipments: Sequence[Shipment]) -> list[Shipment]:
    if not shipments:
        return []
    for shipment in shipments:
        shipment.become(State.SHIPPED)
    ids = [shipment.pk for shipment in shipments]
    return list(Shipment.objects.raw(SHIP, [ids, [CARRIER] * len(ids), [_tracking_number(id) for id in ids]]))


def _tracking_number(shipment_id: UUID) -> str:
    """Returns the carrier's number for the parcel, from the random part of the shipment's id."""
    return f"SP{shipment_id.int % 10**12:012d}"


def _shipped(shipment: Shipment) -> OrderShipped:
    assert shipment.shipped_at is not None  # noqa: S101 - the statement that returned the row has just set it
    return OrderShipped(
        order_id=shipment.order_id,
        shipment_id=shipment.pk,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        lines=msgspec.convert(shipment.lines, tuple[ShippedLine, ...]),
        shipped_at=shipment.shipped_at,
    )


def stop(cancelled: Batch[OrderCancelled]) -> Iterator[ShipmentStopped | Ignored]:
    """Sees to it that nothing is shipped for the orders; one that is not known yet is remembered as cancelled."""
    shipments = _note(Heard(order_id=event.order_id) for event in cancelled)
    answers = [_stopped(shipment) for shipment in shipments]
    drafts = [shipment for shipment in shipments if shipment.state == State.DRAFT]
    for shipment in drafts:
        shipment.become(State.STOPPED)
    Shipment.objects.filter(pk__in=[s.pk for s in drafts]).update(state=State.STOPPED, state_since=Now())
    yield from answers


def _stopped(shipment: Shipment) -> ShipmentStopped | Ignored:
    if shipment.state == State.SHIPPED:
        return Ignored(shipment.order_id, "already shipped")
    if shipment.state == State.STOPPED:
        return Ignored(shipment.order_id, "already closed by ShipmentStopped")
    return ShipmentStopped(order_id=shipment.order_id, stage="draft" if shipment.known else "none")


def _note(heard: Iterable[Heard]) -> list[Shipment]:
    """Adds what was heard to the shipments, opening the missing ones, and returns them locked."""
    return list(Shipment.objects.raw(NOTE, [msgspec.json.encode(list(heard)).decode()]))
