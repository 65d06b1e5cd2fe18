"""The endpoints of webhooks: adding, changing and trying them out."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.access import granted
from api.bodies import BAD_BODY, pointer, read_body
from api.idempotency import KEY, REFUSED, Answer, once
from api.pagination import page_of
from api.parameters import refuse_others
from api.problems import PERMISSION_DENIED, UNAVAILABLE, Fault, Problem, problem_type
from api.schema import problems
from webhooks import services
from webhooks.gateway import UrlNotAllowed
from webhooks.models import Endpoint
from webhooks.serializers import (
    AddEndpoint,
    ChangeEndpoint,
    EndpointPage,
    EndpointWithSecret,
    Pong,
    ShownEndpoint,
    address_of,
    shown,
    shown_with_secret,
)
from webhooks.views.owning import (
    DISABLED_BY_STAFF,
    HEAR_ALL,
    PAGING,
    SERVICES_TOO,
    one,
    own,
    unless_deleted,
    unless_disabled_by_staff,
)

URL_NOT_ALLOWED = problem_type(
    "url-not-allowed", 422, "Nothing may be sent to this URL", "Give an https URL whose host is public."
)
TOO_MANY_ENDPOINTS = problem_type(
    "too-many-endpoints", 409, "You have too many endpoints", "Delete one that you do not need, or change it."
)


class Endpoints(APIView):
    """A user's endpoints."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="list_webhook_endpoints",
        summary="List your webhook endpoints, newest first",
        tags=["webhooks"],
        parameters=PAGING,
        responses={200: EndpointPage, **problems(400, 403)},
    )
    def get(self, request: Request) -> Response:
        refuse_others(request, PAGING)
        page = page_of(request, own(request), by="created_at")
        body = EndpointPage(data=[shown(row) for row in page.rows], next=page.next, previous=page.previous)
        return Response(body, headers=page.links)

    @extend_schema(
        operation_id="add_webhook_endpoint",
        summary="Add a webhook endpoint",
        description="It hears of what happens from now on. The secret, by which to verify, is shown this once.",
        tags=["webhooks"],
        parameters=[KEY],
        request=AddEndpoint,
        responses={201: EndpointWithSecret, **problems(*REFUSED, URL_NOT_ALLOWED, TOO_MANY_ENDPOINTS)},
    )
    def post(self, request: Request) -> HttpResponse:
        wanted = read_body(request, AddEndpoint)
        user = cast(User, request.user)
        if wanted.orders == "all" and not granted(request, HEAR_ALL):
            raise Problem(PERMISSION_DENIED, "Only a service, and staff with the permission, may hear of all orders.")
        return _uncached(once(request, lambda: _add(user, wanted)))


class OneEndpoint(APIView):
    """One of a user's endpoints."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="get_webhook_endpoint",
        summary="Look at a webhook endpoint",
        tags=["webhooks"],
        responses={200: ShownEndpoint, **problems(403, 404)},
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        return Response(shown(one(request, endpoint_id)))

    @extend_schema(
        operation_id="change_webhook_endpoint",
        summary="Change, disable or enable a webhook endpoint",
        description="What is left out stays. Enabled, it counts as sound. Only staff enables what staff has disabled.",
        tags=["webhooks"],
        request=ChangeEndpoint,
        responses={200: ShownEndpoint, **problems(403, 404, *BAD_BODY, URL_NOT_ALLOWED, DISABLED_BY_STAFF)},
    )
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        wanted = read_body(request, ChangeEndpoint)
        endpoint = one(request, endpoint_id)
        try:
            with unless_deleted(), unless_disabled_by_staff():
                return Response(shown(services.change_endpoint(endpoint.pk, wanted.changes())))
        except UrlNotAllowed as refused:
            raise _not_allowed(refused) from refused

    @extend_schema(
        operation_id="delete_webhook_endpoint",
        summary="Delete a webhook endpoint",
        tags=["webhooks"],
        responses={204: None, **problems(403, 404)},
    )
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        with unless_deleted():
            services.delete_endpoint(one(request, endpoint_id).pk)
        return Response(status=204)


class Secret(APIView):
    """The secret of an endpoint."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="Give a webhook endpoint a new secret",
        description="It is shown this once. For 24 hours the previous one signs as well.",
        tags=["webhooks"],
        parameters=[KEY],
        request=None,
        responses={200: EndpointWithSecret, **problems(404, *REFUSED)},
    )
    def post(self, request: Request, endpoint_id: UUID) -> HttpResponse:
        endpoint = one(request, endpoint_id)
        return _uncached(once(request, lambda: _rotate(endpoint)))


class Ping(APIView):
    """A trial of an endpoint."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="ping_webhook_endpoint",
        summary="Try a webhook endpoint out",
        description="Sends a signed webhook of the type `webhooks.Ping`, once and at once, and says what came of it.",
        tags=["webhooks"],
        request=None,
        responses={200: Pong, **problems(403, 404, DISABLED_BY_STAFF)},
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        endpoint = one(request, endpoint_id)
        try:
            with unless_disabled_by_staff():
                sent = services.ping(endpoint)
        except services.Busy as busy:
            raise Problem(UNAVAILABLE, str(busy), headers={"Retry-After": "2"}) from busy
        pong = Pong(taken=sent.taken, status=sent.status, error=sent.error, milliseconds=sent.milliseconds)
        return Response(pong)


def _add(user: User, wanted: AddEndpoint) -> Answer:
    try:
        endpoint = services.add_endpoint(
            owner=user,
            url=wanted.url,
            event_types=sorted(set(wanted.event_types)),
            orders=wanted.orders,
            description=wanted.description,
        )
    except UrlNotAllowed as refused:
        raise _not_allowed(refused) from refused
    except services.TooManyEndpoints as refused:
        raise Problem(TOO_MANY_ENDPOINTS, str(refused)) from refused
    return Answer(status=201, body=shown_with_secret(endpoint), headers={"Location": address_of(endpoint)})


def _rotate(endpoint: Endpoint) -> Answer:
    with unless_deleted():
        return Answer(status=200, body=shown_with_secret(services.rotate_secret(endpoint.pk)))


def _not_allowed(refused: UrlNotAllowed) -> Problem:
    fault = Fault(pointer("url"), URL_NOT_ALLOWED.code, str(refused))
    return Problem(URL_NOT_ALLOWED, str(refused), errors=[fault])


def _uncached(response: HttpResponse) -> HttpResponse:
    """An answer with a secret is kept by no cache on its way."""
    response.headers["Cache-Control"] = "no-store"
    return response
