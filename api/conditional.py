"""Answers that name their state: a strong ETag, and 304 for who has it already."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec
from django.http import HttpResponse
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.problems import Problem, problem_type

PRECONDITION_FAILED = problem_type(
    "precondition-failed", 412, "It has changed meanwhile", "Read it again, decide again, and send its new ETag."
)

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="the ETag that you have: 304 if nothing has changed"
)


def etag_of(body: msgspec.Struct) -> str:
    """Returns the strong ETag of a body: who may see more, sees another body and has another ETag."""
    return _etag(msgspec.json.encode(body))


def conditional(
    request: Request, body: msgspec.Struct, headers: Mapping[str, str] | None = None, *, etag: str = ""
) -> HttpResponse:
    """Returns the body, or 304 if `If-None-Match` says that the client has it already.

    The ETag may be that of a part of the body, if the rest says nothing of the state.
    """
    content = msgspec.json.encode(body)
    etag = etag or _etag(content)
    headers = {**(headers or {}), "ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if known(request, etag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(content, content_type="application/json", headers=headers)


def known(request: Request, etag: str) -> bool:
    """Whether the client says in `If-None-Match` that it knows this state."""
    etags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in etags or etag in [one.removeprefix("W/") for one in etags]


def require_match(request: Request, body: msgspec.Struct) -> None:
    """Returns if the client acts on the present state, or does not care.

    Raises:
        Problem: the header `If-Match` names another one.
    """
    wanted = request.headers.get("If-Match")
    if wanted is not None and not {"*", etag_of(body)} & set(parse_etags(wanted)):
        raise Problem(PRECONDITION_FAILED)


def _etag(content: bytes) -> str:
    return f'"{blake2b(content, digest_size=12).hexdigest()}"'
