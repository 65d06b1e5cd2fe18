"""Callbacks of other companies: proven by a signature over time and body (HMAC-SHA256), as they have no token."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.problems import Problem, problem_type
from outbox.causes import caused_by, current_cause

BAD_SIGNATURE = problem_type(
    "bad-signature", 401, "The signature is missing or wrong",
    "Send Signature: t=<seconds since 1970>,v1=<hex HMAC-SHA256 of '<t>.<body>'>, made within the last five minutes.",
)  # fmt: skip

SIGNATURE = OpenApiParameter(
    "Signature", str, OpenApiParameter.HEADER, required=True, description="t=<seconds>,v1=<hex HMAC-SHA256 of 't.body'>"
)

# Seconds that a signature stays good, and that clocks may differ: what was overheard cannot be sent again later.
TOLERANCE = 300
_HEADER = re.compile(r"t=(\d{1,15}),v1=([0-9a-f]{64})")


def sign(body: bytes, secret: str, at: int | None = None) -> str:
    """Returns the value of the header `Signature` for this body; `at` is in seconds since 1970, by default now."""
    seconds = int(time.time()) if at is None else at
    signed = hmac.new(secret.encode(), b"%d.%b" % (seconds, body), hashlib.sha256)
    return f"t={seconds},v1={signed.hexdigest()}"


def require_signature(request: Request, secret: str) -> None:
    """Returns if whoever knows the secret has signed this body just now. Without a secret nobody can.

    Raises:
        Problem: nobody has, or too long ago.
    """
    matched = _HEADER.fullmatch(request.headers.get("Signature", ""))
    if not secret or matched is None or abs(time.time() - int(matched[1])) > TOLERANCE:
        raise Problem(BAD_SIGNATURE)
    if not hmac.compare_digest(matched[0], sign(request.body, secret, int(matched[1]))):
        raise Problem(BAD_SIGNATURE)


@contextmanager
def acting(company: str) -> Iterator[None]:
    """What is published inside was done by this company, such as `carrier:sandbox`, with its request."""
    with caused_by(msgspec.structs.replace(current_cause(), actor=company)):
        yield
