"""What surrounds every request: its id and cause, the limit of its body, and problem bodies for what no view saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import uuid_utils.compat
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from api.problems import BODY_TOO_LARGE, MEDIA_TYPE, Problem, standard_problem
from outbox.causes import Cause, caused_by, new_traceparent

Handler = Callable[[HttpRequest], HttpResponse]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class RequestCause:
    """Names the request and makes it the cause of whatever is published while it runs.

    Under /api/ it also gives a problem body to the errors that arise outside views: unknown addresses, unknown
    hosts, and whatever went wrong so badly that Django made a page of it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cause = _cause_of(request)
        with caused_by(cause):
            response = self.get_response(request)
            if _is_foreign_error(request, response):
                response = standard_problem(response.status_code).as_http(request)
        response["X-Request-ID"] = cause.id
        return response


class BodyLimit:
    """Refuses bodies above API_MAX_BODY under /api/, before they are read where their length is declared."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            try:
                _read_chunks(request)
            except Exception:  # each server has errors of its own for chunks that are malformed or break off
                return standard_problem(400, "The chunks of the body cannot be read.").as_http(request)
            length = request.META.get("CONTENT_LENGTH") or "0"
            if length.isdecimal() and int(length) > settings.API_MAX_BODY:
                return Problem(BODY_TOO_LARGE).as_http(request)
        return self.get_response(request)


def _read_chunks(request: HttpRequest) -> None:
    """Makes a chunked body readable: Django takes a request that declares no length for one without a body."""
    is_asgi = isinstance(request, ASGIRequest)
    if "chunked" in request.headers.get("Transfer-Encoding", "") and (
        is_asgi or request.META.get("wsgi.input_terminated")
    ):
        chunks = request._stream if is_asgi else request.META["wsgi.input"]
        body = chunks.read(settings.API_MAX_BODY + 1)
        request.META["CONTENT_LENGTH"] = str(len(body))
        request._stream = BytesIO(body)


def _cause_of(request: HttpRequest) -> Cause:
    request_id = request.headers.get("X-Request-ID", "")
    traceparent = request.headers.get("traceparent", "")
    return Cause(
        kind="request",
        id=request_id if _REQUEST_ID.fullmatch(request_id) else str(uuid_utils.compat.uuid7()),
        producer=f"{request.method} {request.path}"[:200],
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else new_traceparent(),
    )


def _is_foreign_error(request: HttpRequest, response: HttpResponse) -> bool:
    wants_problem = request.path.startswith("/api/") and response.status_code >= 400
    return wants_problem and response.headers.get("Content-Type") != MEDIA_TYPE
