"""Stopping: shipping alone decides, under the shipment's row lock, whether it is too late.

Note [The point of no return]: it is the commit that marks the label as being bought. Before it a shipment is stopped;
after it the label may exist, whatever becomes of the call, so nobody may call the order cancelled. A request that comes
while the label is being bought waits for the outcome as long as its contract allows, and is then refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from outbox import Batch, Ignored, NotReadyYet
from shipping.events import ShipmentStopped, ShipmentStopRefused
from shipping.models import Shipment
from shipping.readers import OrderCancellationRequested, OrderCancelled
from shipping.services.keeping import Heard, move, note

State = Shipment.State

# Within 30 s the request is to be answered; a carrier that is well answers much sooner.
PATIENCE = timedelta(seconds=20)

Decision = ShipmentStopped | ShipmentStopRefused | Ignored | NotReadyYet


def decide(requested: Batch[OrderCancellationRequested]) -> Iterator[Decision]:
    """Stops each shipment for which it is not too late, and says so of the others."""
    shipments = note(Heard(order_id=event.order_id) for event in requested)
    overdue = _bought_for_long(requested.order_ids)
    answers = [_decided(shipment, overdue) for shipment in shipments]
    move([shipment for shipment in shipments if shipment.untouched], State.STOPPED)
    refused = [answer.order_id for answer in answers if isinstance(answer, ShipmentStopRefused)]
    Shipment.objects.filter(order_id__in=refused).update(stop_refused_at=Now())
    yield from answers


def _bought_for_long(order_ids: Sequence[UUID]) -> set[UUID]:
    """The orders whose label is not there although it should be."""
    buying = Shipment.objects.filter(order_id__in=order_ids, state=State.BUYING, state_since__lt=Now() - PATIENCE)
    return set(buying.values_list("order_id", flat=True))


def _decided(shipment: Shipment, overdue: Set[UUID]) -> Decision:
    order_id = shipment.order_id
    if shipment.untouched:
        return _stopped(shipment)
    if shipment.stop_refused_at:
        return Ignored(order_id, "already refused")
    if shipment.state == State.SHIPPED:
        return ShipmentStopRefused(order_id=order_id, reason="shipped", shipped_at=shipment.shipped_at)
    if shipment.state != State.BUYING:
        return Ignored(order_id, f"the shipment is already {shipment.state}")
    if order_id in overdue:
        return ShipmentStopRefused(order_id=order_id, reason="label_being_bought", shipped_at=None)
    return NotReadyYet(order_id, "the label is being bought")


def stop(cancelled: Batch[OrderCancelled]) -> Iterator[ShipmentStopped | Ignored | NotReadyYet]:
    """Sees to it that nothing is shipped for the orders; one that is not known yet is remembered as cancelled."""
    shipments = note(Heard(order_id=event.order_id) for event in cancelled)
    answers = [_closed(shipment) for shipment in shipments]
    move([shipment for shipment in shipments if shipment.untouched], State.STOPPED)
    yield from answers


CLOSED_BY = {State.FAILED: "ShipmentFailed", State.STOPPED: "ShipmentStopped"}


def _closed(shipment: Shipment) -> ShipmentStopped | Ignored | NotReadyYet:
    order_id, state = shipment.order_id, State(shipment.state)
    if state in CLOSED_BY:
        return Ignored(order_id, f"already closed by {CLOSED_BY[state]}")
    if state == State.SHIPPED:
        return Ignored(order_id, "already shipped")
    if state == State.BUYING:  # nobody cancels such an order without asking shipping; if somebody did, it shows
        return NotReadyYet(order_id, "the label is being bought")
    return _stopped(shipment)


def _stopped(shipment: Shipment) -> ShipmentStopped:
    return ShipmentStopped(order_id=shipment.order_id, stage="draft" if shipment.known else "none")
