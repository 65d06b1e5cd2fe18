"""The endpoints that belong to no app: tokens, and the page of each kind of problem."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import msgspec
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.authentication import PasswordAuthentication
from api.bodies import Moment
from api.documents import asyncapi
from api.models import AuthToken
from api.problems import known_problem_types
from api.schema import problems
from api.tokens import make_token, revoke_token


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token; it is shown this once."""

    token: str
    expires_at: Moment


class ListedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token without what makes it one: `key` is how it begins."""

    key: str
    created_at: Moment
    expires_at: Moment | None
    last_used_on: date | None


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """A user's tokens, newest first."""

    data: Sequence[ListedToken]


class Tokens(APIView):
    """A user's tokens; name and password make one."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        by_password = self.request is not None and self.request.method == "POST"
        return [PasswordAuthentication()] if by_password else super().get_authenticators()

    @extend_schema(
        operation_id="list_tokens",
        summary="List your tokens",
        tags=["tokens"],
        responses={200: TokenList, **problems(403)},
    )
    def get(self, request: Request) -> Response:
        own = AuthToken.objects.filter(user=cast(User, request.user)).order_by("-created")
        return Response(TokenList(data=[_listed(token) for token in own]))

    @extend_schema(
        operation_id="make_token",
        summary="Make a token",
        description="Needs HTTP Basic. Send the token with every other request: `Authorization: Bearer <token>`.",
        tags=["tokens"],
        request=None,
        responses={201: Token, **problems(429)},
    )
    def post(self, request: Request) -> Response:
        token, expires_at = make_token(cast(User, request.user))
        return Response(Token(token=token, expires_at=expires_at), status=201, headers={"Cache-Control": "no-store"})


class OneToken(APIView):
    """One of a user's tokens."""

    @extend_schema(
        operation_id="revoke_token",
        summary="Revoke a token",
        description="At once and for good; the token that the request is made with may be the one.",
        tags=["tokens"],
        request=None,
        responses={204: None, **problems(403, 404)},
    )
    def delete(self, request: Request, key: str) -> Response:
        if not revoke_token(user=cast(User, request.user), key=key):
            raise Http404
        return Response(status=204)


def _listed(token: AuthToken) -> ListedToken:
    return ListedToken(
        key=token.token_key, created_at=token.created, expires_at=token.expiry, last_used_on=token.last_used_on
    )


@require_safe
def asyncapi_document(request: HttpRequest) -> JsonResponse:
    """The events, for machines (AsyncAPI 3)."""
    return JsonResponse(asyncapi())


def problem(request: HttpRequest, code: str) -> HttpResponse:
    """The page that a problem's `type` leads to: what it means and what to do."""
    kind = known_problem_types().get(code)
    if kind is None:
        raise Http404
    return render(request, "api/problem.html", {"problem": kind})
