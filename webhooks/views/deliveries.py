"""What was sent to an endpoint, and sending it anew."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import KEY, REFUSED, Answer, once
from api.pagination import page_of
from api.parameters import refuse_others
from api.schema import problems
from webhooks import services
from webhooks.models import Attempt, Webhook
from webhooks.serializers import DeliveryPage, ShownDelivery, address_of_delivery, shown_delivery
from webhooks.views.owning import DISABLED_BY_STAFF, PAGING, SERVICES_TOO, one, unless_disabled_by_staff

SHOWN_ATTEMPTS = 100


class Deliveries(APIView):
    """What was sent to an endpoint."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="list_webhook_deliveries",
        summary="List what was sent to a webhook endpoint, newest first",
        tags=["webhooks"],
        parameters=PAGING,
        responses={200: DeliveryPage, **problems(400, 403, 404)},
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        refuse_others(request, PAGING)
        latest = Attempt.objects.order_by("-id")
        rows = Webhook.objects.filter(endpoint=one(request, endpoint_id))
        page = page_of(request, rows.prefetch_related(Prefetch("attempts", latest)), by="created_at")
        told = [shown_delivery(row, list(row.attempts.all())[:SHOWN_ATTEMPTS]) for row in page.rows]
        return Response(DeliveryPage(data=told, next=page.next, previous=page.previous), headers=page.links)


class OneDelivery(APIView):
    """Something that was sent to an endpoint."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="get_webhook_delivery",
        summary="Look at something that was sent to a webhook endpoint",
        tags=["webhooks"],
        responses={200: ShownDelivery, **problems(403, 404)},
    )
    def get(self, request: Request, endpoint_id: UUID, webhook_id: UUID) -> Response:
        return Response(_with_attempts(_sent(request, endpoint_id, webhook_id)))


class Redelivery(APIView):
    """Sending something anew."""

    needs = SERVICES_TOO

    @extend_schema(
        operation_id="redeliver_webhook",
        summary="Send something anew to a webhook endpoint",
        description="At once, and if need be with all tries again, whatever has become of it before.",
        tags=["webhooks"],
        parameters=[KEY],
        request=None,
        responses={202: ShownDelivery, **problems(404, *REFUSED, DISABLED_BY_STAFF)},
    )
    def post(self, request: Request, endpoint_id: UUID, webhook_id: UUID) -> HttpResponse:
        webhook = _sent(request, endpoint_id, webhook_id)
        return once(request, lambda: _redeliver(webhook))


def _sent(request: Request, endpoint_id: UUID, webhook_id: UUID) -> Webhook:
    return get_object_or_404(Webhook, pk=webhook_id, endpoint=one(request, endpoint_id))


def _redeliver(webhook: Webhook) -> Answer:
    with unless_disabled_by_staff():
        anew = services.redeliver(webhook.pk)
    return Answer(status=202, body=_with_attempts(anew), headers={"Location": address_of_delivery(anew)})


def _with_attempts(webhook: Webhook) -> ShownDelivery:
    return shown_delivery(webhook, list(webhook.attempts.order_by("-id")[:SHOWN_ATTEMPTS]))
