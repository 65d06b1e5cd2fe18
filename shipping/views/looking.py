"""Looking at a shipment."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need
from api.conditional import IF_NONE_MATCH, conditional
from api.schema import problems
from shipping.models import Shipment
from shipping.serializers import ShipmentState, shown


class OneShipment(APIView):
    """The shipment of an order."""

    needs = {"GET": Need("shipping:write", "shipping.view_shipment")}

    @extend_schema(
        operation_id="get_shipment",
        summary="Look at a shipment",
        description="For staff and services; it holds personal data. Its id is in the events of its order.",
        tags=["shipping"],
        parameters=[IF_NONE_MATCH],
        responses={200: ShipmentState, 304: None, **problems(403, 404)},
    )
    def get(self, request: Request, shipment_id: UUID) -> HttpResponse:
        return conditional(request, shown(get_object_or_404(Shipment, pk=shipment_id)))
