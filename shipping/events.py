"""The facts that shipping publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from outbox import Event


class ShippedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` units of a SKU."""

    sku: str
    quantity: int


class OrderShipped(Event, frozen=True, kw_only=True):
    """The parcel has been handed to the carrier; from now on the order cannot be cancelled."""

    shipment_id: UUID
    carrier: str
    tracking_number: str
    lines: tuple[ShippedLine, ...]
    shipped_at: datetime


class ShipmentStopped(Event, frozen=True, kw_only=True):
    """Nothing will be shipped for a cancelled order. Closes shipping's book.

    `stage` is how far it had come: `none` if shipping had not heard of the order, else `draft`.
    """

    stage: Literal["none", "draft"]
