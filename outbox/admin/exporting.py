"""A history as data for other programs: the envelopes, the deliveries and the failed attempts, without payloads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from outbox.admin.history import History, ToldDelivery, ToldEvent
from outbox.models import DeliveryState

ARROWS = {DeliveryState.PARKED: "-x", DeliveryState.ORPHANED: "-x", DeliveryState.SKIPPED: "-x"}
OUTSIDE = "outside"


def case_as_json(history: History) -> list[dict[str, Any]]:
    """Returns the events in order, each with its deliveries."""
    return [_event(event) for event in history.events]


def _event(event: ToldEvent) -> dict[str, Any]:
    row = event.row
    return {
        "position": row.position,
        "id": str(row.id),
        "name": row.name,
        "version": row.version,
        "occurred_at": row.occurred_at,
        "cause": {"kind": row.cause_kind, "id": row.cause_id, "also_needed": row.also_needed},
        "producer": row.producer,
        "traceparent": row.traceparent,
        "is_pending": event.is_pending,
        "deliveries": [_delivery(delivery) for delivery in event.deliveries],
    }


def _delivery(delivery: ToldDelivery) -> dict[str, Any]:
    row, dispatch = delivery.row, delivery.row.dispatch
    return {
        "id": row.pk,
        "reaction": row.reaction_id,
        "state": row.state,
        "attempts": row.attempts,
        "due_at": row.due_at,
        "sent_at": dispatch.sent_at if dispatch else None,
        "started_at": dispatch.started_at if dispatch else None,
        "done_at": row.done_at,
        "outcome": row.outcome,
        "drift": row.drift,
        "emitted": [event.position for event in delivery.emitted],
        "failed_attempts": [
            {"number": one.number, "failed_at": one.failed_at, "exception": one.exception, "worker": one.worker}
            for one in delivery.failed_attempts
        ],
    }


def case_as_mermaid(history: History) -> str:
    """Returns the history as a Mermaid sequence diagram: each event, from its app to those that react to it."""
    apps = dict.fromkeys(_apps(history))
    return "\n".join(
        [
            "sequenceDiagram",
            f"    participant {OUTSIDE}",
            *(f"    participant {app}" for app in apps),
            *(f"    {line}" for event in history.events for line in _arrows(event)),
            "",
        ]
    )


def _apps(history: History) -> Iterator[str]:
    for event in history.events:
        yield _name(event.row.app)
        yield from (_app(delivery) for delivery in event.deliveries)


def _app(delivery: ToldDelivery) -> str:
    return _name(delivery.row.reaction_id.partition(".")[0])


def _arrows(event: ToldEvent) -> Iterator[str]:
    row, app = event.row, _name(event.row.app)
    if row.cause_kind != "event":
        yield f"{OUTSIDE}->>{app}: {_plain(row.producer)}"
    if not event.deliveries:
        yield f"Note over {app}: {_plain(row.name)} ({row.position})"
    for delivery in event.deliveries:
        state = "" if delivery.row.state == DeliveryState.DONE else f", {delivery.row.state}"
        arrow = ARROWS.get(DeliveryState(delivery.row.state), "-->>")
        yield f"{app}{arrow}{_app(delivery)}: {_plain(row.name)} ({row.position}){state}"


def _name(app: str) -> str:
    """The name of a participant, of which letters, digits and underscores may be part."""
    return re.sub(r"\W", "_", app)


def _plain(text: str) -> str:
    """Leaves out what means something in a diagram."""
    return re.sub(r"[^\w ./-]", " ", text)
