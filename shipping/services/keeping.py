"""The shipments as rows: opened by whichever event comes first, locked in the order of their orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.db.models.functions import Now

from shipping.models import Shipment
from shipping.readers import Address, LineToShip

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


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says about a shipment."""

    order_id: UUID
    id: UUID = msgspec.field(default_factory=uuid_utils.compat.uuid7)
    lines: tuple[LineToShip, ...] | None = None
    ship_to: Address | None = None
    paid: bool = False


def note(heard: Iterable[Heard]) -> list[Shipment]:
    """Adds what was heard to the shipments, opening the missing ones, and returns them locked."""
    return list(Shipment.objects.raw(NOTE, [msgspec.json.encode(list(heard)).decode()]))


def locked(order_ids: Iterable[UUID]) -> dict[UUID, Shipment]:
    """Returns those of the orders' shipments that exist, locked."""
    rows = Shipment.objects.select_for_update(no_key=True).filter(order_id__in=order_ids).order_by("order_id")
    return {row.order_id: row for row in rows}


def move(shipments: Sequence[Shipment], state: Shipment.State) -> None:
    """Brings locked shipments into this state."""
    for shipment in shipments:
        shipment.become(state)
    Shipment.objects.filter(pk__in=[shipment.pk for shipment in shipments]).update(state=state, state_since=Now())
