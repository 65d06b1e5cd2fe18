"""What the carrier reports: that a parcel was delivered, told once or several times, sooner or later."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from outbox import publish
from shipping.events import ShipmentDelivered
from shipping.models import CarrierEvent, Shipment

State = Shipment.State


class UnknownShipment(LookupError):
    """There is no shipment of this id."""


class NotWithTheCarrier(ValueError):
    """No label was bought for this shipment, so the carrier cannot have delivered it."""


def hear_of_delivery(*, carrier: str, event_id: str, shipment_id: UUID, delivered_at: datetime, signed_by: str) -> None:
    """Notes that the carrier has handed the parcel over; a report that is known already changes nothing.

    It may come before we know that the carrier has the parcel: it is kept, and the order's status follows later.

    Raises:
        UnknownShipment, NotWithTheCarrier: nothing was noted.
    """
    with transaction.atomic():
        shipment = Shipment.objects.select_for_update(no_key=True).filter(pk=shipment_id).first()
        if shipment is None:
            raise UnknownShipment(UnknownShipment.__doc__)
        if shipment.state not in (State.BUYING, State.SHIPPED):
            raise NotWithTheCarrier(NotWithTheCarrier.__doc__)
        _, is_news = CarrierEvent.objects.get_or_create(
            carrier=carrier, event_id=event_id, defaults={"shipment": shipment, "kind": "delivered"}
        )
        if is_news and shipment.delivered_at is None:
            Shipment.objects.filter(pk=shipment.pk).update(delivered_at=delivered_at)
            publish(_delivered(shipment, delivered_at, signed_by))


def _delivered(shipment: Shipment, delivered_at: datetime, signed_by: str) -> ShipmentDelivered:
    return ShipmentDelivered(
        order_id=shipment.order_id, shipment_id=shipment.pk, delivered_at=delivered_at, signed_by=signed_by
    )
