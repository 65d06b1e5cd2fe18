"""The facts that shipping publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from outbox import Event, Findable, Personal


class ShippedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a SKU."""

    sku: str
    quantity: int


class OrderShipped(Event, frozen=True, kw_only=True):
    """The parcel has been handed to the carrier; from now on the order cannot be cancelled."""

    shipment_id: UUID
    carrier: str
    tracking_number: Findable[str]
    lines: tuple[ShippedLine, ...]
    shipped_at: datetime


class ShipmentFailed(Event, frozen=True, kw_only=True):
    """The carrier will not take the parcel. Closes shipping's book. `reason` is such as address_undeliverable."""

    shipment_id: UUID
    reason: str


class ShipmentStopped(Event, frozen=True, kw_only=True):
    """Nothing will be shipped for an order that is cancelled or about to be. Closes shipping's book.

    `stage` is how far it had come: `none` if shipping had not heard of the order, else `draft`.
    """

    stage: Literal["none", "draft"]


class ShipmentStopRefused(Event, frozen=True, kw_only=True):
    """Too late to stop: the parcel is with the carrier, or its label is being bought and may have been.

    `shipped_at` is null in the second case.
    """

    reason: Literal["shipped", "label_being_bought"]
    shipped_at: datetime | None


class ShipmentDelivered(Event, frozen=True, kw_only=True):
    """The carrier has handed the parcel over."""

    shipment_id: UUID
    delivered_at: datetime
    signed_by: Personal[str]
