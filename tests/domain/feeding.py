"""Feeding a reaction by hand, as the engine does: a batch, in a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from outbox import Batch


def feed(reaction: Callable[[Batch[Any]], Any], *events: Any) -> list[Any]:
    """Returns the answers, in the order of the events."""
    with transaction.atomic():
        answers = list(reaction(Batch(events)) or ())
    order_ids = [event.order_id for event in events]
    return sorted(answers, key=lambda answer: order_ids.index(answer.order_id))


def statements(reaction: Callable[[Batch[Any]], Any], *events: Any) -> int:
    """Returns the number of SQL statements that the reaction needs for the batch."""
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        list(reaction(Batch(events)) or ())
    return len(queries)
