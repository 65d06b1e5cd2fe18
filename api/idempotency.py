"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a request repeated is a request answered once.

The key's row, what the request does and the events that it publishes are one transaction. So a request that was
refused, or died half-way, leaves no trace, and its key is free again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import msgspec
import psycopg.errors
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.access import is_service
from api.bodies import BAD_BODY, canonical
from api.models import IdempotencyKey
from api.problems import Problem, problem_type
from outbox.causes import Cause, caused_by, current_cause

KEY_MISSING = problem_type(
    "idempotency-key-missing", 400, "Idempotency-Key is missing",
    "Send a header Idempotency-Key with a new UUID for each order; repeat the same one when you repeat the request.",
)  # fmt: skip
KEY_MALFORMED = problem_type(
    "idempotency-key-malformed", 400, "Idempotency-Key is malformed",
    "Send one header of 1 to 255 printable ASCII characters, as it is or in double quotes; a UUID is best.",
)  # fmt: skip
IN_PROGRESS = problem_type(
    "request-in-progress", 409, "The first request with this key is still running",
    "Repeat the request after Retry-After; you will get the answer of the first one.",
)  # fmt: skip
KEY_REUSED = problem_type(
    "key-reused", 422, "Idempotency-Key was used for another request",
    "Use a new key for a new request, or repeat the first one with exactly the same body.",
)  # fmt: skip

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "example": "5f0d2f5e-7b1b-4a0e-8f7e-6c9d5b0f2a11"},
    OpenApiParameter.HEADER,
    required=True,
    description="a new UUID for each thing to be done; the same one when a request is repeated",
)

# Why a request with a key and a body may be refused before it is looked at.
REFUSED = (403, *BAD_BODY, KEY_MISSING, KEY_MALFORMED, IN_PROGRESS, KEY_REUSED)

# Bare, or a structured-field string (RFC 8941). A comma in a bare key could be two headers that a proxy has joined.
_KEY = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"|([!#-+\--~]{1,255})')

# Waits for a request with the same key that is still running, for as long as the database's lock_timeout allows.
_CLAIM = """
INSERT INTO api_idempotencykey (user_id, route, key, fingerprint, body, headers, created_at)
VALUES (%s, %s, %s, %s, '', '{}', now()) ON CONFLICT (user_id, route, key) DO NOTHING RETURNING id
"""


class Scope(NamedTuple):
    """Within which a key means one request: another user's, or another route's, is another key."""

    user_id: int
    route: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an endpoint answers, kept so that it can be repeated; headers must be the same for whoever repeats it."""

    status: int
    body: msgspec.Struct
    headers: Mapping[str, str] = field(default_factory=dict)


def once(request: Request, act: Callable[[], Answer]) -> HttpResponse:
    """Runs `act` in a transaction unless this key has been answered on this route for this user: then repeats that.

    What `act` publishes is caused by the request and its user. A `Problem` that it raises does not use up the key.

    Raises:
        Problem: the key is missing or malformed, in use by a running request, or was used with another body.
    """
    cause = _cause_by_user(request)
    scope = Scope(user_id=cast(User, request.user).pk, route=cause.producer, key=_key_of(request))
    fingerprint = _fingerprint(request)
    with caused_by(cause), transaction.atomic():
        claim = _claim(scope, fingerprint)
        if claim is None:
            return _repeated(scope, fingerprint)
        return _kept(claim, act())


def _fingerprint(request: Request) -> str:
    """What makes a request the same one: its body, however it is written, and whatever its address names."""
    match = request.resolver_match
    named = {name: str(value) for name, value in match.kwargs.items()} if match else {}
    return hashlib.sha256(canonical([request.data, named] if named else request.data)).hexdigest()


def _key_of(request: Request) -> str:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        raise Problem(KEY_MISSING)
    matched = _KEY.fullmatch(header)
    if matched is None:
        raise Problem(KEY_MALFORMED)
    return re.sub(r"\\(.)", r"\1", matched[1]) if matched[1] else matched[2]


def _cause_by_user(request: Request) -> Cause:
    """The request as a cause, now that its user and its route are known."""
    route = request.resolver_match.route if request.resolver_match else request.path
    producer = f"{request.method} /{route.lstrip('/')}"
    actor = f"{'service' if is_service(request) else 'user'}:{request.user.get_username()}"
    return msgspec.structs.replace(current_cause(), producer=producer, actor=actor)


def _claim(scope: Scope, fingerprint: str) -> int | None:
    """Returns the id of the key's new row, or None if there is one already."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [*scope, fingerprint])
            inserted = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise Problem(IN_PROGRESS, headers={"Retry-After": "1"}) from error
        raise
    return int(inserted[0]) if inserted else None


def _kept(claim: int, answer: Answer) -> HttpResponse:
    body = msgspec.json.encode(answer.body).decode()
    headers = dict(answer.headers)
    IdempotencyKey.objects.filter(pk=claim).update(status_code=answer.status, body=body, headers=headers)
    return HttpResponse(body, status=answer.status, content_type="application/json", headers=headers)


def _repeated(scope: Scope, fingerprint: str) -> HttpResponse:
    kept = IdempotencyKey.objects.filter(**scope._asdict()).first()
    if kept is None:  # swept away between the two statements
        raise Problem(IN_PROGRESS, headers={"Retry-After": "1"})
    if kept.fingerprint != fingerprint:
        raise Problem(KEY_REUSED)
    headers = kept.headers | {"Idempotent-Replayed": "true"}
    return HttpResponse(kept.body, status=kept.status_code, content_type="application/json", headers=headers)
