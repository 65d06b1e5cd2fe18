"""Where the sandbox provider reports what it has charged."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.bodies import read_body
from api.problems import NOT_FOUND, Problem
from api.schema import problems
from api.signatures import SIGNATURE, acting, require_signature
from payments import services
from payments.serializers import ChargeReport, ReportReceived


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
        responses={200: ReportReceived, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        require_signature(request, settings.PAYMENT_CALLBACK_SECRET)
        report = read_body(request, ChargeReport)
        payment_id, _, attempt = report.key.partition(":")
        try:
            with acting("provider:sandbox"):
                services.hear_of_charge(
                    payment_id=UUID(payment_id), attempt=int(attempt), provider="sandbox", reference=report.reference
                )
        except services.UnknownCharge as unknown:
            raise Problem(NOT_FOUND, str(unknown)) from unknown
        return Response(ReportReceived(id=report.id))
