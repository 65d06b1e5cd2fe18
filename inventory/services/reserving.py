"""Holding stock for orders, releasing it, and handing it out.

Note [Lock order]: reservations first, by order; then stock, by SKU. Everybody takes them in this order, each kind in
one statement, so that no two batches can wait for each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import uuid_utils.compat
from django.db import connection
from django.db.models.functions import Now

from inventory.events import (
    ReservedLine,
    Shortage,
    StockCommitted,
    StockReleased,
    StockReservationFailed,
    StockReserved,
)
from inventory.models import Reservation, ReservationLine, Stock
from inventory.readers import OrderCancelled, OrderPlaced, OrderShipped
from outbox import Batch, Ignored, NotReadyYet

State = Reservation.State
# What each order wants or holds, by order; in the order in which they were placed where that decides.
Lines = Mapping[UUID, tuple[ReservedLine, ...]]

# Inserts what is new and locks what exists, in one go; an update that changes nothing is the way to lock on conflict.
OPEN = """
INSERT INTO inventory_reservation AS kept (id, order_id)
SELECT * FROM unnest(%s::uuid[], %s::uuid[]) AS opened (id, order_id) ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET state = kept.state
RETURNING *
"""

CHANGE_STOCK = """
UPDATE inventory_stock AS stock
SET on_hand = stock.on_hand + change.on_hand, reserved = stock.reserved + change.reserved
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS change (sku, on_hand, reserved)
WHERE stock.sku = change.sku
"""

CLOSED_BY = {
    State.REFUSED: "StockReservationFailed",
    State.RELEASED: "StockReleased",
    State.COMMITTED: "StockCommitted",
}


def reserve(placed: Batch[OrderPlaced]) -> Iterator[StockReserved | StockReservationFailed | Ignored]:
    """Holds all lines of each order or none of them; of two that want the last unit the one placed earlier gets it."""
    reservations = _open(placed.order_ids)
    wanted = {e.order_id: _wanted(e) for e in placed if reservations[e.order_id].state == State.NEW}
    shortages = _shortages(wanted)
    held = {order_id: lines for order_id, lines in wanted.items() if order_id not in shortages}
    _hold(held, reservations)
    _move([reservations[order_id] for order_id in shortages], State.REFUSED)
    for order_id, lines in held.items():
        yield StockReserved(order_id=order_id, reservation_id=reservations[order_id].pk, lines=lines)
    for order_id, short in shortages.items():
        yield StockReservationFailed(order_id=order_id, shortages=short)
    for order_id in reservations.keys() - wanted.keys():
        yield Ignored(order_id, f"the reservation is already {reservations[order_id].state}")


def release(cancelled: Batch[OrderCancelled]) -> Iterator[StockReleased | Ignored]:
    """Releases what is held for each order; an order that is not known yet is remembered as cancelled."""
    reservations = _open(cancelled.order_ids).values()
    lines = _lines(reservations)
    answers = [_released(reservation, lines) for reservation in reservations]
    _lock_stock(lines)
    _change_stock(lines, reserved=-1)
    _move([r for r in reservations if r.state in (State.NEW, State.HELD)], State.RELEASED)
    yield from answers


def _released(reservation: Reservation, lines: Lines) -> StockReleased | Ignored:
    order_id, state = reservation.order_id, State(reservation.state)
    if state in CLOSED_BY:
        return Ignored(order_id, f"already closed by {CLOSED_BY[state]}")
    reservation_id = reservation.pk if state == State.HELD else None
    return StockReleased(order_id=order_id, reservation_id=reservation_id, lines=lines.get(order_id, ()))


def commit(shipped: Batch[OrderShipped]) -> Iterator[StockCommitted | Ignored | NotReadyYet]:
    """Takes what is held for each order off the stock."""
    rows = Reservation.objects.select_for_update(no_key=True).filter(order_id__in=shipped.order_ids)
    reservations = {row.order_id: row for row in rows.order_by("order_id")}
    lines = _lines(reservations.values())
    answers = [_committed(order_id, reservations.get(order_id), lines) for order_id in shipped.order_ids]
    _lock_stock(lines)
    _change_stock(lines, on_hand=-1, reserved=-1)
    _move([row for row in reservations.values() if row.state == State.HELD], State.COMMITTED)
    yield from answers


def _committed(order_id: UUID, reservation: Reservation | None, lines: Lines) -> StockCommitted | Ignored | NotReadyYet:
    state = reservation and reservation.state
    if reservation and state == State.HELD:
        return StockCommitted(order_id=order_id, reservation_id=reservation.pk, lines=lines[order_id])
    if state == State.COMMITTED:
        return Ignored(order_id, "already committed")
    # Nothing ships without having been held, so this is either very early or wrong; after `within` somebody sees it.
    return NotReadyYet(order_id, f"shipped, but the reservation is {state or 'not known'}")


def _open(order_ids: Sequence[UUID]) -> dict[UUID, Reservation]:
    """Returns the locked reservation of each order, in sorted order, opening the missing ones."""
    ids = [uuid_utils.compat.uuid7() for _ in order_ids]
    return {row.order_id: row for row in Reservation.objects.raw(OPEN, [ids, list(order_ids)])}


def _move(reservations: Sequence[Reservation], state: Reservation.State) -> None:
    for reservation in reservations:
        reservation.become(state)
    Reservation.objects.filter(pk__in=[r.pk for r in reservations]).update(state=state, state_since=Now())


def _wanted(placed: OrderPlaced) -> tuple[ReservedLine, ...]:
    quantities: Counter[str] = Counter()
    for line in placed.lines:
        quantities[line.sku] += line.quantity
    return tuple(ReservedLine(sku=sku, quantity=quantity) for sku, quantity in quantities.items())


def _shortages(wanted: Lines) -> dict[UUID, tuple[Shortage, ...]]:
    """Hands out what is available, order by order, and returns what is short for the orders that get nothing."""
    available = _lock_stock(wanted)
    shortages = {}
    for order_id, lines in wanted.items():
        if short := tuple(_short(line, available) for line in lines if line.quantity > available[line.sku]):
            shortages[order_id] = short
        else:
            available.subtract({line.sku: line.quantity for line in lines})
    return shortages


def _short(line: ReservedLine, available: Mapping[str, int]) -> Shortage:
    return Shortage(sku=line.sku, requested=line.quantity, available=available[line.sku])


def _hold(held: Lines, reservations: Mapping[UUID, Reservation]) -> None:
    ReservationLine.objects.bulk_create(
        ReservationLine(reservation=reservations[order_id], sku=line.sku, quantity=line.quantity)
        for order_id, lines in held.items()
        for line in lines
    )
    _change_stock(held, reserved=1)
    _move([reservations[order_id] for order_id in held], State.HELD)


def _lines(reservations: Iterable[Reservation]) -> Lines:
    """Returns what those of the reservations hold that hold something, by order."""
    held = {row.pk: row.order_id for row in reservations if row.state == State.HELD}
    lines: dict[UUID, tuple[ReservedLine, ...]] = dict.fromkeys(held.values(), ())
    for row in ReservationLine.objects.filter(reservation__in=held).order_by("pk"):
        lines[held[row.reservation_id]] += (ReservedLine(sku=row.sku, quantity=row.quantity),)
    return lines


def _lock_stock(lines: Lines) -> Counter[str]:
    """Locks the stock of every SKU in the lines, and returns how much of each is available."""
    skus = {line.sku for of_order in lines.values() for line in of_order}
    rows = Stock.objects.select_for_update(no_key=True).filter(sku__in=skus).order_by("sku")
    return Counter({stock.sku: stock.available for stock in rows})


def _change_stock(lines: Lines, *, on_hand: int = 0, reserved: int = 0) -> None:
    """Adds each line's quantity, times 1, 0 or -1, to its locked stock."""
    quantities: Counter[str] = Counter()
    for line in (line for of_order in lines.values() for line in of_order):
        quantities[line.sku] += line.quantity
    if quantities:
        changes = [[times * quantity for quantity in quantities.values()] for times in (on_hand, reserved)]
        with connection.cursor() as cursor:
            cursor.execute(CHANGE_STOCK, [list(quantities), *changes])
