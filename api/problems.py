"""Errors as RFC 9457 problem details: what went wrong, in a word for programs and a sentence for people."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from rest_framework.exceptions import APIException

from outbox.causes import current_cause

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemType(msgspec.Struct, frozen=True):
    """A kind of problem; `code` is its name for programs and the last part of its page's address."""

    code: str
    status: int
    title: str
    remedy: str


class Fault(msgspec.Struct, frozen=True):
    """One thing to mend in the body; `pointer` is a JSON pointer (RFC 6901) to it."""

    pointer: str
    code: str
    detail: str


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: Sequence[Fault] = ()


_types: dict[str, ProblemType] = {}


def problem_type(code: str, status: int, title: str, remedy: str) -> ProblemType:
    """Defines a kind of problem and gives it a page at /problems/<code>."""
    return _types.setdefault(code, ProblemType(code, status, title, remedy))


def known_problem_types() -> Mapping[str, ProblemType]:
    """Returns every defined kind of problem, by its code."""
    return _types


BAD_REQUEST = problem_type("bad-request", 400, "Bad request", "Mend the request as the detail says.")
MALFORMED_JSON = problem_type(
    "malformed-json", 400, "The body is not acceptable JSON", "Send one JSON object in UTF-8, without duplicate keys."
)
INVALID_BODY = problem_type(
    "invalid-body", 400, "The body has the wrong shape", "Each entry of `errors` points to a field and says what to do."
)
INVALID_PARAMETER = problem_type(
    "invalid-parameter", 400, "A query parameter is wrong", "Use the links of the answers; they carry valid parameters."
)
NOT_AUTHENTICATED = problem_type(
    "not-authenticated", 401, "Authentication needed", "POST /api/v1/tokens returns a token; send it as a Bearer token."
)
PERMISSION_DENIED = problem_type("permission-denied", 403, "Not allowed", "Ask for the permission that you lack.")
NOT_FOUND = problem_type(
    "not-found", 404, "Not found", "Check the address; other people's orders are not found either."
)
METHOD_NOT_ALLOWED = problem_type(
    "method-not-allowed", 405, "Method not allowed", "The Allow header lists the methods of this address."
)
NOT_ACCEPTABLE = problem_type("not-acceptable", 406, "Not acceptable", "Accept application/json.")
CONFLICT = problem_type("conflict", 409, "Conflict", "Read the current state, then decide again.")
BODY_TOO_LARGE = problem_type("body-too-large", 413, "The body is too large", "Send at most 64 KiB.")
UNSUPPORTED_MEDIA_TYPE = problem_type(
    "unsupported-media-type", 415, "Unsupported media type", "Send Content-Type: application/json."
)
TOO_MANY_REQUESTS = problem_type("too-many-requests", 429, "Too many requests", "Wait as long as Retry-After says.")
INTERNAL_ERROR = problem_type(
    "internal-error", 500, "Internal error", "It is our fault and has been recorded; quote the request_id."
)
UNAVAILABLE = problem_type(
    "unavailable", 503, "Temporarily unavailable", "Repeat the same request, with the same Idempotency-Key."
)

_STANDARD = {
    kind.status: kind
    for kind in (
        BAD_REQUEST, NOT_AUTHENTICATED, PERMISSION_DENIED, NOT_FOUND, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, CONFLICT,
        BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, TOO_MANY_REQUESTS, INTERNAL_ERROR, UNAVAILABLE,
    )
}  # fmt: skip


class Problem(APIException):
    """The request is answered with a problem body. Raise it from a view."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str = "",
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or kind.remedy)
        self.kind = kind
        self.status_code = kind.status
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self, request: HttpRequest) -> ProblemBody:
        """Returns the problem as the answer to `request`."""
        return ProblemBody(
            type=f"/problems/{self.kind.code}",
            title=self.kind.title,
            status=self.kind.status,
            detail=str(self.detail),
            instance=escape_uri_path(request.path),
            code=self.kind.code,
            request_id=current_cause().id,
            errors=self.errors,
        )

    def as_http(self, request: HttpRequest) -> HttpResponse:
        """Returns the whole answer to `request`."""
        body = msgspec.json.encode(self.body(request))
        return HttpResponse(body, status=self.kind.status, content_type=MEDIA_TYPE, headers=self.headers)


def standard_problem(status: int, detail: str = "") -> Problem:
    """Returns the problem that stands for an HTTP status about which nothing more is known."""
    return Problem(_STANDARD.get(status, INTERNAL_ERROR if status >= 500 else BAD_REQUEST), detail)


def answer(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Returns the problem for an exception in a view; None leaves an unexpected one to Django, which logs it.

    It is rendered here, since the renderer of the view may be for something else, such as pages.
    """
    problem = _problem_of(exc)
    return problem.as_http(context["request"]) if problem else None


def _problem_of(exc: Exception) -> Problem | None:
    match exc:
        case Problem():
            return exc
        case Http404():
            return Problem(NOT_FOUND)
        case PermissionDenied():
            return Problem(PERMISSION_DENIED)
        case OperationalError() | InterfaceError():
            logger.warning("The database did not answer a request.", exc_info=exc)
            return Problem(UNAVAILABLE, headers={"Retry-After": "2"})
        case APIException():
            return _problem_of_framework(exc)
    return None


def _problem_of_framework(exc: APIException) -> Problem:
    problem = standard_problem(exc.status_code, str(exc.detail))
    if challenge := getattr(exc, "auth_header", ""):
        problem.headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        problem.headers["Retry-After"] = str(math.ceil(wait))
    return problem
