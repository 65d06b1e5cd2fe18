"""The endpoints that belong to no app: tokens, and the page of each kind of problem."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import msgspec
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.authentication import PasswordAuthentication
from api.problems import known_problem_types
from api.schema import problems
from api.tokens import make_token


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token; it is shown this once."""

    token: str
    expires_at: datetime


class Tokens(APIView):
    """Exchanges name and password for a token."""

    authentication_classes = (PasswordAuthentication,)

    @extend_schema(
        operation_id="make_token",
        summary="Make a token",
        description="Needs HTTP Basic. Send the token with every other request: `Authorization: Bearer <token>`.",
        tags=["tokens"],
        request=None,
        responses={201: Token, **problems()},
    )
    def post(self, request: Request) -> Response:
        token, expires_at = make_token(cast(User, request.user))
        return Response(Token(token=token, expires_at=expires_at), status=201, headers={"Cache-Control": "no-store"})


def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that a problem's `type` leads to: what it means and what to do."""
    kind = known_problem_types().get(code)
    if kind is None:
        raise Http404
    return render(request, "api/problem.html", {"problem": kind})
