"""Failures by their cause: counted, and noted on the delivery, in the transaction that records the failure."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from functools import cache
from types import FrameType

from django.apps import apps
from django.db import connection

from outbox.reactions import reactions

# The last statement of its transaction: all who fail of the same cause meet on the group's row.
COUNT = """
WITH failed AS (
    SELECT reaction_id, count(*) AS n, max(id) AS latest FROM outbox_delivery WHERE id = ANY(%(ids)s) GROUP BY 1),
counted AS (
    INSERT INTO outbox_failuregroup AS g (fingerprint, reaction_id, exception, frame, failures, last_delivery_id)
    SELECT encode(sha256(convert_to(concat_ws(chr(31), reaction_id, %(exception)s::text, %(frame)s::text), 'UTF8')),
                  'hex'), reaction_id, %(exception)s, %(frame)s, n, latest
    FROM failed
    ON CONFLICT (fingerprint) DO UPDATE
    SET failures = g.failures + excluded.failures, last_seen = clock_timestamp(),
        last_delivery_id = excluded.last_delivery_id
    RETURNING id, reaction_id),
hours AS (
    INSERT INTO outbox_failurehour AS h (group_id, hour, failures)
    SELECT id, date_trunc('hour', clock_timestamp()), n FROM counted JOIN failed USING (reaction_id)
    ON CONFLICT (group_id, hour) DO UPDATE SET failures = h.failures + excluded.failures)
UPDATE outbox_delivery d SET failure_group_id = counted.id FROM counted WHERE d.id = ANY(%(ids)s)
"""


def count_failures(ids: Sequence[int], exception: str, frame: str = "") -> None:
    """Counts a failure of each of these deliveries, which are of one reaction, and notes on them of which group it is.

    `frame` is the place in the apps' code that it came from.
    """
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"ids": list(ids), "exception": exception[:200], "frame": frame[:300]})


def frame_of(error: BaseException) -> str:
    """Returns the deepest function of an app that the error went through, such as `payments.gateway.charge`.

    Without the line: the same failure is to be recognised in the next release. Empty if it is nobody's.
    """
    ours = [frame for frame in _frames(error) if _is_ours(frame.f_globals.get("__name__", ""))]
    if not ours:
        return ""
    deepest = ours[-1]
    return f"{deepest.f_globals['__name__']}.{deepest.f_code.co_qualname}"


def _frames(error: BaseException) -> Iterator[FrameType]:
    return (frame for frame, _ in traceback.walk_tb(error.__traceback__))


@cache
def _is_ours(module: str) -> bool:
    """Whether the module is of an app that has reactions, and not the engine's or a library's."""
    app = apps.get_containing_app_config(module)
    return app is not None and any(reaction.app == app.label for reaction in reactions().values())
