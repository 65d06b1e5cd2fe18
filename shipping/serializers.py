"""Shipments over HTTP: what staff and services see of one, and what a carrier reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.bodies import Input, Moment, matching
from shipping.models import Shipment

EventId = Annotated[str, matching(r"^[!-~]{1,100}\Z", "1 to 100 visible ASCII characters.")]
Name = Annotated[str, matching(r"^[^\x00-\x1f\x7f-\x9f]*\Z", "Text on one line."), Meta(max_length=200)]


class CarrierReport(Input, frozen=True, kw_only=True):
    """What has become of a parcel. `id` is the carrier's own for this report; `shipment_id` is ours for the parcel."""

    id: EventId
    type: Literal["delivered"]
    shipment_id: UUID
    occurred_at: Moment
    signed_by: Name = ""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """The report is noted; reporting it again changes nothing."""

    id: str


class ShipmentState(msgspec.Struct, frozen=True, kw_only=True):
    """The shipment of an order; `lines` and `ship_to` are null until shipping has heard of the order."""

    id: UUID
    order_id: UUID
    state: str
    state_since: Moment
    lines: Sequence[Mapping[str, Any]] | None
    ship_to: Mapping[str, Any] | None
    carrier: str
    tracking_number: str
    failure: str
    shipped_at: Moment | None
    delivered_at: Moment | None


def shown(shipment: Shipment) -> ShipmentState:
    """Returns the shipment as staff and services see it."""
    return ShipmentState(
        id=shipment.pk,
        order_id=shipment.order_id,
        state=shipment.state,
        state_since=shipment.state_since,
        lines=shipment.lines,
        ship_to=shipment.ship_to,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        failure=shipment.failure,
        shipped_at=shipment.shipped_at,
        delivered_at=shipment.delivered_at,
    )
