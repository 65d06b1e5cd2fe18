"""Looking at a payment, and giving it back: in parts, or what is owed since the provider has refused once."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from api.access import Need
from api.bodies import read_body
from api.conditional import IF_NONE_MATCH, conditional
from api.idempotency import KEY, REFUSED, Answer, once
from api.problems import Problem, problem_type
from api.schema import problems
from payments import services
from payments.models import Payment, Refund
from payments.serializers import (
    PartState,
    PaymentState,
    RefundPayment,
    address_of,
    address_of_part,
    shown,
    shown_part,
)

NOTHING_TO_REFUND = problem_type(
    "nothing-to-refund",
    409,
    "Nothing is to be given back",
    "Look at the payment: `refundable` is what is left of it, while its order is not cancelled.",
)
REFUND_IN_PROGRESS = problem_type(
    "refund-in-progress", 409, "The money is being given back", "Look at it until it is refunded, or failed."
)
NOT_THE_AMOUNT = problem_type(
    "not-the-amount",
    422,
    "Not an amount that can be given back",
    "Leave the amount out: all that is left is given back.",
)
REASON_MISSING = problem_type(
    "reason-missing", 422, "A reason is missing", "Say in `reason` why the money goes back although the order goes on."
)
NOT_REFUNDED = (NOTHING_TO_REFUND, REFUND_IN_PROGRESS, NOT_THE_AMOUNT, REASON_MISSING)


class OnePayment(APIView):
    """The payment for an order."""

    needs = {"GET": Need("payments:refund", "payments.view_payment")}

    @extend_schema(
        operation_id="get_payment",
        summary="Look at a payment",
        description="For staff and services. The payment's id is in the events of its order.",
        tags=["payments"],
        parameters=[IF_NONE_MATCH],
        responses={200: PaymentState, 304: None, **problems(403, 404)},
    )
    def get(self, request: Request, payment_id: UUID) -> HttpResponse:
        return conditional(request, shown(get_object_or_404(Payment, pk=payment_id)))


class Refunds(APIView):
    """The money of a payment on its way back."""

    needs = {"POST": Need("payments:refund", "payments.refund")}

    @extend_schema(
        operation_id="refund_payment",
        summary="Give back a part, or all that is left, or what is owed",
        description="Of a captured payment whose order is paid, shipped or delivered, a part goes back, or all that "
        "is left, and the order goes on: the refund is at `Location`. What the provider had refused is tried once "
        "more, under a new key of the provider's: a part by its `refund_id`, the rest of a cancelled order by itself.",
        tags=["payments"],
        parameters=[KEY],
        request=RefundPayment,
        responses={202: PaymentState, **problems(*REFUSED, 404, *NOT_REFUNDED)},
    )
    def post(self, request: Request, payment_id: UUID) -> HttpResponse:
        wanted = read_body(request, RefundPayment)
        payment = get_object_or_404(Payment, pk=payment_id)
        return once(request, lambda: _refund(payment, wanted))


class OneRefund(APIView):
    """A part of a payment on its way back."""

    needs = {"GET": Need("payments:refund", "payments.view_payment")}

    @extend_schema(
        operation_id="get_refund",
        summary="Look at a refund of a part",
        description="For staff and services.",
        tags=["payments"],
        parameters=[IF_NONE_MATCH],
        responses={200: PartState, 304: None, **problems(403, 404)},
    )
    def get(self, request: Request, payment_id: UUID, refund_id: UUID) -> HttpResponse:
        refunds = Refund.objects.select_related("payment")
        return conditional(request, shown_part(get_object_or_404(refunds, pk=refund_id, payment=payment_id)))


def _refund(payment: Payment, wanted: RefundPayment) -> Answer:
    try:
        location = _started(payment, wanted)
    except services.RefundInProgress as refused:
        raise Problem(REFUND_IN_PROGRESS, str(refused), headers={"Retry-After": "2"}) from refused
    except services.NothingToRefund as refused:
        raise Problem(NOTHING_TO_REFUND, str(refused)) from refused
    except services.NotTheAmount as refused:
        raise Problem(NOT_THE_AMOUNT, str(refused)) from refused
    payment.refresh_from_db()
    return Answer(status=202, body=shown(payment), headers={"Location": location})


def _started(payment: Payment, wanted: RefundPayment) -> str:
    """Returns the address at which what becomes of it is to be seen."""
    if wanted.refund_id:
        refund = get_object_or_404(Refund.objects.select_related("payment"), pk=wanted.refund_id, payment=payment)
        if wanted.money not in (None, refund.money):
            raise Problem(NOT_THE_AMOUNT, "A refund is tried again as it was.")
        return address_of_part(services.retry_part(refund_id=refund.pk))
    if payment.state == Payment.State.CAPTURED:
        if wanted.reason is None:
            raise Problem(REASON_MISSING)
        part = services.refund_part(payment_id=payment.pk, reason=wanted.reason, amount=wanted.money)
        return address_of_part(part)
    if payment.state == Payment.State.REFUND_FAILED and wanted.money not in (None, payment.left):
        raise Problem(NOT_THE_AMOUNT)
    services.retry_refund(payment_id=payment.pk)
    return address_of(payment)
