"""Where an order is, and why, as JSON for programs and for whoever looks into a case."""

from __future__ import annotations

from typing import Any

from orders.services import Answer, Book
from outbox.expectations import Expectation
from outbox.models import Event


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """Returns the answer as JSON; times are ISO 8601."""
    return {
        "order": {"id": str(answer.order.pk), "number": answer.order.number, "status": answer.status},
        "answer": answer.sentence,
        "also": list(answer.also),
        "events": [_event(event) for event in answer.outlook.events],
        "remains": [_expected(one) for one in answer.owed],
        "books": [_book(book) for book in answer.books],
    }


def _event(event: Event) -> dict[str, Any]:
    return {"position": event.position, "name": event.name, "occurred_at": event.occurred_at.isoformat()}


def _expected(one: Expectation) -> dict[str, Any]:
    return {
        "app": one.app,
        "reaction": one.reaction,
        "event": one.event.position,
        "one_of": list(one.emits),
        "since": one.since.isoformat(),
        "due_by": one.due_by.isoformat() if one.due_by else None,
        "reason": one.reason,
        "why": one.why,
        "needs_somebody": one.needs_somebody,
    }


def _book(book: Book) -> dict[str, Any]:
    return {
        "module": book.module,
        "closed_by": _event(book.closed_by) if book.closed_by else None,
        "open_since": book.open_since.isoformat() if book.open_since else None,
    }
