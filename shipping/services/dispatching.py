"""Shipping what is paid: the label is bought once, and then the parcel is with the carrier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from django.db import connection

from outbox import Batch, Ignored, Waiting
from shipping.events import OrderShipped, ShipmentFailed, ShippedLine
from shipping.gateway import Label, LabelIntent, LabelOutcome
from shipping.models import Shipment
from shipping.readers import Address, LineToShip, OrderPlaced, PaymentCaptured
from shipping.services.keeping import Heard, locked, move, note

State = Shipment.State

RECORD = """
UPDATE shipping_shipment AS kept
SET state = answered.state, state_since = statement_timestamp(), carrier = answered.carrier,
    tracking_number = answered.tracking_number, failure = answered.failure,
    shipped_at = CASE answered.state WHEN 'shipped' THEN statement_timestamp() END
FROM jsonb_to_recordset(%s::jsonb) AS answered (
    id uuid, state text, carrier text, tracking_number text, failure text)
WHERE kept.id = answered.id
RETURNING kept.id, kept.shipped_at
"""


def prepare_labels(news: Batch[OrderPlaced | PaymentCaptured]) -> Iterator[LabelIntent | Waiting | Ignored]:
    """Marks each shipment of which both the address and the payment are known: its label is about to be bought.

    One that is marked already is bought by the same key. From this commit on the shipment cannot be stopped any more.
    """
    shipments = note(_heard(event) for event in news)
    answers = [_prepared(shipment) for shipment in shipments]
    wanted = {answer.order_id for answer in answers if isinstance(answer, LabelIntent)}
    move([shipment for shipment in shipments if shipment.order_id in wanted and shipment.untouched], State.BUYING)
    yield from answers


def _heard(event: OrderPlaced | PaymentCaptured) -> Heard:
    if isinstance(event, PaymentCaptured):
        return Heard(order_id=event.order_id, paid=True)
    return Heard(order_id=event.order_id, lines=event.lines, ship_to=event.ship_to)


def _prepared(shipment: Shipment) -> LabelIntent | Waiting | Ignored:
    if not (shipment.untouched or shipment.state == State.BUYING):
        return _ignored(shipment)
    if shipment.lines is None:
        return Waiting(shipment.order_id, for_="orders.OrderPlaced")
    if not shipment.paid:
        return Waiting(shipment.order_id, for_="payments.PaymentCaptured")
    return LabelIntent(
        order_id=shipment.order_id,
        key=str(shipment.pk),
        ship_to=msgspec.convert(shipment.ship_to, Address),
        lines=msgspec.convert(shipment.lines, tuple[LineToShip, ...]),
    )


def record_labels(outcomes: Sequence[LabelOutcome]) -> Iterator[OrderShipped | ShipmentFailed | Ignored]:
    """Writes down what the carrier answered, each answer once."""
    shipments = locked(outcome.order_id for outcome in outcomes)
    fresh = [outcome for outcome in outcomes if shipments[outcome.order_id].state == State.BUYING]
    for outcome in fresh:
        _apply(outcome, shipments[outcome.order_id])
    _write([shipments[outcome.order_id] for outcome in fresh])
    yield from (_recorded(shipments[outcome.order_id]) for outcome in fresh)
    for order_id in shipments.keys() - {outcome.order_id for outcome in fresh}:
        yield _ignored(shipments[order_id])


def _apply(outcome: LabelOutcome, shipment: Shipment) -> None:
    shipment.carrier = outcome.carrier
    if isinstance(outcome.answer, Label):
        shipment.become(State.SHIPPED)
        shipment.tracking_number = outcome.answer.tracking_number
    else:
        shipment.become(State.FAILED)
        shipment.failure = outcome.answer.reason


def _write(shipments: Sequence[Shipment]) -> None:
    """Writes down what locked shipments have become, and at what time they were shipped."""
    names = ("id", "state", "carrier", "tracking_number", "failure")
    rows = [{name: getattr(shipment, name) for name in names} for shipment in shipments]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [msgspec.json.encode(rows).decode()])
        shipped_at = dict(cursor.fetchall())
    for shipment in shipments:
        shipment.shipped_at = shipped_at[shipment.pk]


def _recorded(shipment: Shipment) -> OrderShipped | ShipmentFailed:
    if shipment.shipped_at is None:
        return ShipmentFailed(order_id=shipment.order_id, shipment_id=shipment.pk, reason=shipment.failure)
    return OrderShipped(
        order_id=shipment.order_id,
        shipment_id=shipment.pk,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        lines=msgspec.convert(shipment.lines, tuple[ShippedLine, ...]),
        shipped_at=shipment.shipped_at,
    )


def _ignored(shipment: Shipment) -> Ignored:
    return Ignored(shipment.order_id, f"the shipment is already {shipment.state}")
