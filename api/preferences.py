"""The header `Prefer` (RFC 7240): what a client would like, and may not get."""

from __future__ import annotations

import re

from rest_framework.request import Request

# Seconds that a request may wait at most, whatever it prefers.
LONGEST_WAIT = 20


def preferred_wait(request: Request) -> int:
    """Returns for how many seconds the client would rather wait than be answered at once; 0 if it does not say."""
    for preference in request.headers.get("Prefer", "").split(","):
        if matched := re.fullmatch(r"\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*", preference, re.IGNORECASE):
            return min(int(matched[1]), LONGEST_WAIT)
    return 0


def responds_async(request: Request) -> bool:
    """Whether the client also takes an answer that comes before everything is done."""
    named = request.headers.get("Prefer", "").lower().split(",")
    return "respond-async" in (preference.strip() for preference in named)
