"""How many requests a user may make in a minute, counted for all processes together.

A process takes some requests of the minute's number at a time, in one statement that locks the counter's row, and
hands them out by itself: so most requests cost no statement, and together the processes never hand out more than there
are. One that has taken what another lacks may refuse a little early.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api.problems import TOO_MANY_REQUESTS, Problem

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports, by the settings, this module

WINDOW = 60  # seconds, from the first request on
# A process takes this part of the number at a time: small, so that little lies idle where others could use it.
PART = 30
MOST_REMEMBERED = 10_000

_TAKE = """
INSERT INTO api_throttle AS kept (key, used, ends_at)
VALUES (%(key)s, %(wanted)s, statement_timestamp() + %(window)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN kept.ends_at <= statement_timestamp() THEN EXCLUDED.used
                ELSE least(kept.used, %(limit)s) + EXCLUDED.used END,
    ends_at = CASE WHEN kept.ends_at <= statement_timestamp() THEN EXCLUDED.ends_at ELSE kept.ends_at END
RETURNING used, extract(epoch FROM ends_at - statement_timestamp())::float
"""


@dataclass
class Part:
    """What this process may still hand out, until its clock says `ends_at`."""

    left: int
    ends_at: float


_parts: dict[str, Part] = {}
_lock = Lock()


class Throttle(BaseThrottle):
    """Counts each request as what the view's `throttles` say of its method, else as reading or writing."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.user.is_authenticated:
            by_method: Mapping[str, str] = getattr(view, "throttles", {})
            reads = request.method in ("GET", "HEAD", "OPTIONS")
            count(by_method.get(str(request.method), "read" if reads else "write"), str(request.user.pk))
        return True


def count(kind: str, who: str) -> None:
    """Counts one request of this kind by `who`.

    Raises:
        Problem: they have made as many as `API_THROTTLES` allows for the kind; it says when the minute is over.
    """
    limit: int = settings.API_THROTTLES.get(kind, 0)
    if limit and (wait := _wait(f"{kind}:{who}", limit)):
        seconds = str(math.ceil(wait))
        limits = {"RateLimit-Policy": f'"{kind}";q={limit};w={WINDOW}', "RateLimit": f'"{kind}";r=0;t={seconds}'}
        raise Problem(TOO_MANY_REQUESTS, headers={"Retry-After": seconds, **limits})


def forget() -> None:
    """Forgets what this process has taken."""
    with _lock:
        _parts.clear()


def _wait(key: str, limit: int) -> float:
    """Returns for how many seconds there is nothing to hand out any more: 0 if there is."""
    with _lock:
        part = _parts.get(key)
        if part and part.ends_at > monotonic():
            part.left -= 1
            if part.left >= 0:
                return 0
            if part.left < -1:  # refused before: that costs no statement either
                return part.ends_at - monotonic()
    return _taken(key, limit)


def _taken(key: str, limit: int) -> float:
    wanted = max(1, limit // PART)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "wanted": wanted, "limit": limit, "window": WINDOW})
        [(used, seconds)] = cursor.fetchall()
    got = wanted - max(0, used - limit)
    with _lock:
        if len(_parts) >= MOST_REMEMBERED:
            _parts.clear()
        _parts[key] = Part(left=got - 1 if got else -2, ends_at=monotonic() + seconds)
    return 0 if got else float(seconds)
