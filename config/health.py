"""Whether this process lives, and whether it can work: for load balancers and whoever starts and stops processes."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

# The age of the oldest event that no relay has handed on: close to nothing while one runs.
RELAY_LAG = """
SELECT coalesce(extract(epoch FROM statement_timestamp() - min(occurred_at)), 0)::float
FROM outbox_event WHERE position = (SELECT min(event_id) FROM outbox_pendingevent)
"""


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers, so that orders can be placed; how far the relay is behind is said, and holds up nobody."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(RELAY_LAG)
            [(lag,)] = cursor.fetchall()
    except DatabaseError:
        return JsonResponse({"database": "does not answer"}, status=503, headers={"Retry-After": "2"})
    return JsonResponse({"database": "answers", "relay_lag_seconds": round(lag, 3)})
