"""A history as it was after one of its events.

Events are never changed, so they are exactly as they were. Of a delivery only its end is kept: one that had not ended
by then is told as open, and what it waited for at that moment, and who was at work, is not known any more.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import datetime

from outbox.admin.history import History, ToldDelivery, ToldEvent
from outbox.models import DeliveryState


def as_of(history: History, position: int) -> History | None:
    """Returns the history as it was after the event of this position; None if there is no such event in it."""
    if position not in history.positions:
        return None
    before = [event for event in history.events if event.row.position <= position]
    at = before[-1].row.occurred_at
    return History(events=[_event_then(event, position, at) for event in before], is_cut=False, now=at)


def _event_then(event: ToldEvent, position: int, at: datetime) -> ToldEvent:
    row = copy(event.row)
    row._state.fields_cache["pendingevent"] = None  # whether it had been relayed by then is not kept
    return replace(event, row=row, deliveries=[_delivery_then(one, position, at) for one in event.deliveries])


def _delivery_then(told: ToldDelivery, position: int, at: datetime) -> ToldDelivery:
    emitted = [event for event in told.emitted if event.position <= position]
    failed = [attempt for attempt in told.failed_attempts if attempt.failed_at <= at]
    ended = told.row.done_at is not None and (told.row.done_at <= at or bool(emitted))
    if ended:
        return replace(told, emitted=emitted, failed_attempts=failed, now=at)
    row = copy(told.row)
    row.state, row.attempts = DeliveryState.WAITING, len(failed)
    row.dispatch, row.outcome, row.drift, row.done_at = None, "", "", None
    return replace(told, row=row, emitted=emitted, failed_attempts=failed, now=at)
