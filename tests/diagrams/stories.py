"""Histories as the engine would have told them, made without a database: layouts are about what they are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from outbox.admin.history import History, ToldDelivery, ToldEvent
from outbox.models import Attempt, Delivery, Dispatch, Event, PendingEvent

START = datetime(2025, 11, 22, 14, 2, 11, tzinfo=UTC)
ORDER = UUID(int=1)


def at(**after: float) -> datetime:
    """Returns the moment so long after the beginning: `at(milliseconds=5)`."""
    return START + timedelta(**after)


def an_event(position: int, name: str = "orders.OrderPlaced", *, when: datetime = START, **given: Any) -> Event:
    cause = {"cause_kind": "request", "cause_id": "req-1", "producer": "POST /api/v1/orders", "actor": "user:mo"}
    defaults = {"id": UUID(int=position), "order_id": ORDER, "payload": {}, "occurred_at": when}
    return Event(position=position, name=name, **(defaults | cause | given))


def caused_by(cause: Event, producer: str) -> dict[str, Any]:
    return {"cause_kind": "event", "cause_id": str(cause.id), "producer": producer, "actor": ""}


def a_dispatch(sent: datetime, started: datetime | None = None, closed: datetime | None = None) -> Dispatch:
    return Dispatch(id=1, size=1, sent_at=sent, started_at=started, closed_at=closed, lease_seconds=5)


def a_delivery(
    reaction: str = "inventory.reserve_stock",
    *,
    dispatch: Dispatch | None = None,
    failed: Sequence[datetime] = (),
    emitted: Sequence[Event] = (),
    now: datetime = START + timedelta(minutes=1),
    **given: Any,
) -> ToldDelivery:
    """A delivery that was due at the beginning, sent after 4 ms, started after 10 ms, and done after 35 ms."""
    if dispatch is None and given.get("state") != "waiting":
        dispatch = a_dispatch(at(milliseconds=4), at(milliseconds=10), at(milliseconds=35))
    defaults = {"id": 1, "state": "done", "due_at": START, "order_id": ORDER, "attempts": len(failed)}
    if dispatch:
        defaults["done_at"] = dispatch.closed_at
    row = Delivery(reaction_id=reaction, dispatch=dispatch, **(defaults | given))
    attempts = [Attempt(number=n, failed_at=moment) for n, moment in enumerate(failed, 1)]
    return ToldDelivery(row=row, emitted=emitted, failed_attempts=attempts, now=now)


def told(
    row: Event,
    *deliveries: ToldDelivery,
    cause: Event | None = None,
    also_needed: Sequence[Event] = (),
    is_pending: bool = False,
) -> ToldEvent:
    mark = PendingEvent(event=row) if is_pending else None
    Event._meta.get_field("pendingevent").set_cached_value(row, mark)  # as if it had been selected with the event
    return ToldEvent(row=row, cause=cause, also_needed=also_needed, deliveries=deliveries)


def a_history(*events: ToldEvent, now: datetime = START + timedelta(minutes=1)) -> History:
    return History(events=events, is_cut=False, now=now)


def a_long_history(events: int) -> History:
    """Events a second apart, each caused by the one before and delivered twice."""
    return a_history(*_chain(events), now=START + timedelta(days=1))


def _chain(events: int) -> Iterable[ToldEvent]:
    last = None
    for n in range(1, events + 1):
        name = "orders.OrderPlaced" if n % 2 else "inventory.StockReserved"
        given: dict[str, Any] = caused_by(last, "inventory.reserve_stock") if last else {}
        row = an_event(n, name, when=at(seconds=n), **given)
        dispatch = a_dispatch(at(seconds=n), at(seconds=n + 0.01), at(seconds=n + 0.03))
        both = [
            a_delivery(id, dispatch=dispatch, due_at=row.occurred_at)
            for id in ("inventory.reserve_stock", "orders.track")
        ]
        yield told(row, *both, cause=last)
        last = row
