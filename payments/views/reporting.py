"""Where payment providers report what they have charged."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.bodies import BAD_BODY, read_body
from api.problems import CONFLICT, INVALID_BODY, NOT_FOUND, Problem
from api.schema import problems
from api.signatures import BAD_SIGNATURE, SIGNATURE, acting, require_signature
from outbox import Money
from payments import gateway, services
from payments.serializers import ChargeReport, ReportReceived

logger = logging.getLogger(__name__)


class SandboxProviderCallbacks(APIView):
    """Reports of the sandbox provider."""

    authentication_classes = ()
    permission_classes = (AllowAny,)  # the signature decides

    @extend_schema(
        operation_id="report_to_payment_callback",
        summary="Report that a charge has succeeded",
        description="For the sandbox provider, who signs each report. The same report may come any number of times.",
        tags=["callbacks"],
        auth=[],
        parameters=[SIGNATURE],
        request=ChargeReport,
        responses={200: ReportReceived, **problems(*BAD_BODY, BAD_SIGNATURE, 404)},
    )
    def post(self, request: Request) -> Response:
        require_signature(request, settings.PAYMENT_CALLBACK_SECRET)
        report = read_body(request, ChargeReport)
        _hear("sandbox", report.key, report.reference)
        return Response(ReportReceived(id=report.id))


class StripeCallbacks(APIView):
    """Reports of Stripe."""

    authentication_classes = ()
    permission_classes = (AllowAny,)  # the signature decides

    @extend_schema(
        operation_id="report_to_stripe_callback",
        summary="Receive an event of Stripe",
        description="For Stripe, who signs each event. Only `payment_intent.succeeded` is acted upon, and that once.",
        tags=["callbacks"],
        auth=[],
        parameters=[
            OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER, description="As Stripe makes it.")
        ],
        request=OpenApiTypes.OBJECT,
        responses={200: ReportReceived, **problems(400, 404, 409, 413)},
    )
    def post(self, request: Request) -> Response:
        try:
            report = gateway.read_report("stripe", request.body, request.headers.get("Stripe-Signature", ""))
        except gateway.NotSigned as unproven:
            raise Problem(BAD_SIGNATURE, str(unproven)) from unproven
        except gateway.UnreadableReport as unreadable:
            raise Problem(INVALID_BODY, str(unreadable)) from unreadable
        if charge := report.charge:
            _hear("stripe", charge.key, charge.reference, charge.amount)
        return Response(ReportReceived(id=report.id))


def _hear(provider: str, key: str, reference: str, charged: Money | None = None) -> None:
    payment_id, _, attempt = key.partition(":")
    try:
        with acting(f"provider:{provider}"):
            services.hear_of_charge(
                payment_id=UUID(payment_id),
                attempt=int(attempt),
                provider=provider,
                reference=reference,
                charged=charged,
            )
    except services.UnknownCharge as unknown:
        raise Problem(NOT_FOUND, str(unknown)) from unknown
    except services.WrongAmount as wrong:
        logger.error("The payment %s is not what %s has charged as %s.", payment_id, provider, reference)
        raise Problem(CONFLICT, str(wrong)) from wrong
