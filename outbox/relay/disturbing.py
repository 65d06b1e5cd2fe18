"""Disturbing, in the sandbox only: the messages of a scenario's order really come a second time, as brokers do it."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from outbox.relay.claim import Message

# The codes of the two scenarios that are about messages.
DUPLICATE = "duplicate"  # each goes out twice at once
ACKNOWLEDGEMENT_LOST = "crash-after-commit"  # each comes again once its work is committed

# Nothing of an order takes as long; so what is over costs the relay one look into a small index.
DISTURBED = """
WITH disturbed AS MATERIALIZED (
    SELECT id, about, order_id FROM outbox_operation
    WHERE kind = 'scenario' AND about = ANY(%(codes)s)
      AND requested_at > statement_timestamp() - interval '10 minutes')
SELECT DISTINCT d.dispatch_id, about, disturbed.id
FROM disturbed JOIN outbox_event e ON e.order_id = disturbed.order_id
JOIN outbox_delivery d ON d.event_id = e.position
WHERE d.dispatch_id = ANY(%(dispatches)s)
"""
CLOSED = "SELECT id FROM outbox_dispatch WHERE id = ANY(%s) AND closed_at IS NOT NULL"
TELL = """
UPDATE outbox_operation o
SET outcome = coalesce(substring(o.outcome FROM '^[0-9]+')::bigint, 0) + n || ' messages sent twice'
FROM (SELECT id, count(*) AS n FROM unnest(%s::bigint[]) AS id GROUP BY id) told WHERE o.id = told.id
"""


class Disturbance:
    """What one relay has to send once more. Another relay knows nothing of it, and a new one forgets it: no harm."""

    def __init__(self) -> None:
        self._until_closed: dict[int, Message] = {}
        self._operations: dict[int, list[int]] = {}

    def repeated(self, messages: Sequence[Message]) -> list[Message]:
        """Returns what to send beside these messages: copies of some, and of earlier ones whose work is committed."""
        if not getattr(settings, "SANDBOX", False):
            return []
        again = self._committed()
        for dispatch, code, operation in _disturbed([message.dispatch for message in messages]):
            self._operations.setdefault(dispatch, []).append(operation)
            message = next(message for message in messages if message.dispatch == dispatch)
            if code == ACKNOWLEDGEMENT_LOST:
                self._until_closed[dispatch] = message
            elif message not in again:
                again.append(message)
        return again

    def sent(self, repeated: Sequence[Message]) -> None:
        """Notes with the scenarios how many of their messages went out twice."""
        told = [operation for message in repeated for operation in self._operations.pop(message.dispatch, ())]
        if told:
            with connection.cursor() as cursor:
                cursor.execute(TELL, [told])

    def _committed(self) -> list[Message]:
        if not self._until_closed:
            return []
        with connection.cursor() as cursor:
            cursor.execute(CLOSED, [list(self._until_closed)])
            return [self._until_closed.pop(dispatch) for (dispatch,) in cursor.fetchall()]


def _disturbed(dispatches: Sequence[int]) -> list[tuple[int, str, int]]:
    """Returns dispatch, code and operation of what is disturbed; a batch may carry deliveries of several orders."""
    if not dispatches:
        return []
    with connection.cursor() as cursor:
        cursor.execute(DISTURBED, {"codes": [DUPLICATE, ACKNOWLEDGEMENT_LOST], "dispatches": list(dispatches)})
        return [(dispatch, code, operation) for dispatch, code, operation in cursor.fetchall()]
