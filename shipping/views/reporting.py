"""Where the carrier reports what has become of a parcel."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.bodies import BAD_BODY, read_body
from api.problems import NOT_FOUND, Problem, problem_type
from api.schema import problems
from api.signatures import BAD_SIGNATURE, SIGNATURE, acting, require_signature
from shipping import services
from shipping.serializers import CarrierReport, Received

NOT_WITH_THE_CARRIER = problem_type(
    "not-with-the-carrier", 409, "No label was bought for this shipment", "Check which parcel is meant."
)


class SandboxCarrierCallbacks(APIView):
    """Reports of the sandbox carrier."""

    authentication_classes = ()
    permission_classes = (AllowAny,)  # the signature decides

    @extend_schema(
        operation_id="report_to_carrier_callback",
        summary="Report what has become of a parcel",
        description="For the carrier, who signs each report. The same report may come any number of times.",
        tags=["callbacks"],
        auth=[],
        parameters=[SIGNATURE],
        request=CarrierReport,
        responses={200: Received, **problems(*BAD_BODY, BAD_SIGNATURE, 404, NOT_WITH_THE_CARRIER)},
    )
    def post(self, request: Request) -> Response:
        require_signature(request, settings.CARRIER_CALLBACK_SECRET)
        report = read_body(request, CarrierReport)
        try:
            with acting("carrier:sandbox"):
                services.hear_of_delivery(
                    carrier="sandbox",
                    event_id=report.id,
                    shipment_id=report.shipment_id,
                    delivered_at=report.occurred_at,
                    signed_by=report.signed_by,
                )
        except services.UnknownShipment as unknown:
            raise Problem(NOT_FOUND, str(unknown)) from unknown
        except services.NotWithTheCarrier as wrong:
            raise Problem(NOT_WITH_THE_CARRIER, str(wrong)) from wrong
        return Response(Received(id=report.id))
