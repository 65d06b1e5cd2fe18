"""Payments over HTTP: what staff and services see of one, and what the sandbox provider reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.urls import reverse

from api.bodies import Input, Moment, matching
from api.examples import exemplify
from outbox import Money
from payments.events import PartReason
from payments.models import Payment, Refund

# As many refunds of parts as an answer tells of.
MOST_PARTS = 100

Name = Annotated[str, matching(r"^[!-~]{1,100}\Z", "1 to 100 visible ASCII characters.")]
Key = Annotated[
    str,
    matching(
        r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[1-9][0-9]{0,3}\Z",
        "The idempotency key of a capture: the payment's id, a colon, and the attempt.",
    ),
]


class ChargeReport(Input, frozen=True, kw_only=True):
    """A charge that has succeeded: `key` is what we asked for it by, `reference` the provider's name for it."""

    id: Name
    type: Literal["charge.succeeded"]
    key: Key
    reference: Name


class ReportReceived(msgspec.Struct, frozen=True, kw_only=True):
    """The report is noted; reporting it again changes nothing."""

    id: str


class AmountToGive(Input, frozen=True, kw_only=True):
    """An amount in the currency's minor unit; `currency` is an ISO 4217 code."""

    amount: int
    currency: str


class RefundPayment(Input, frozen=True, kw_only=True):
    """What is to be given back: this amount, or all that is left; of a payment that has been captured, with the reason.

    A refund that has failed is tried again as it was: one of a part by its id.
    """

    amount: AmountToGive | None = None
    reason: PartReason | None = None
    refund_id: UUID | None = None

    @property
    def money(self) -> Money | None:
        """The amount, if one was given."""
        given = self.amount
        return None if given is None else Money(amount=given.amount, currency=given.currency)


class RefundState(msgspec.Struct, frozen=True, kw_only=True):
    """The last attempt to give the money back: `reference` is the provider's name for it, `code` why it failed."""

    attempt: int
    reference: str
    code: str


class PartLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the refund is found, and its payment."""

    self_: str = msgspec.field(name="self")
    payment: str


class PartState(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a payment that goes back while its order goes on.

    `state` goes from `refunding` to `refunded`, or to `refund_failed`, which may be tried again: then `attempt` counts
    on. It is `dropped` once staff has settled it in another way. `reference` is the provider's name for it, `code` says
    why it failed.
    """

    id: UUID
    payment_id: UUID
    order_id: UUID
    state: str
    state_since: Moment
    requested_at: Moment
    amount: Money
    reason: str
    attempt: int
    reference: str
    code: str
    links: PartLinks


class PaymentLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the payment is found, and where its money is given back."""

    self_: str = msgspec.field(name="self")
    refunds: str


class PaymentState(msgspec.Struct, frozen=True, kw_only=True):
    """The payment for an order; `amount` is null until payments has heard of the order.

    `refunds` are of parts, the latest hundred, the oldest of them first; `refund` is of what was left when the order
    was cancelled. `refundable` is what may still go back in parts: null if nothing was taken, or once it is cancelled.
    """

    id: UUID
    order_id: UUID
    state: str
    state_since: Moment
    amount: Money | None
    method: str
    provider: str
    provider_ref: str
    decline_code: str
    late: bool
    refund: RefundState | None
    refundable: Money | None
    refunds: Sequence[PartState]
    available_actions: Sequence[Literal["refund"]]
    links: PaymentLinks


def address_of(payment: Payment) -> str:
    return reverse("payment", args=[payment.pk])


def _latest_parts(payment: Payment) -> list[Refund]:
    return list(payment.refunds.order_by("-requested_at", "-pk")[:MOST_PARTS])[::-1]


def shown(payment: Payment) -> PaymentState:
    """Returns the payment as staff and services see it."""
    refund = RefundState(attempt=payment.refund_attempt, reference=payment.refund_ref, code=payment.refund_code)
    return PaymentState(
        id=payment.pk,
        order_id=payment.order_id,
        state=payment.state,
        state_since=payment.state_since,
        amount=payment.due,
        method=payment.method,
        provider=payment.provider,
        provider_ref=payment.provider_ref,
        decline_code=payment.decline_code,
        late=payment.late,
        refund=refund if payment.refund_attempt else None,
        refundable=_refundable(payment),
        refunds=[shown_part(part) for part in _latest_parts(payment)],
        available_actions=["refund"] if _can_be_refunded(payment) else [],
        links=PaymentLinks(self_=address_of(payment), refunds=reverse("refunds", args=[payment.pk])),
    )


def _refundable(payment: Payment) -> Money | None:
    return payment.left if payment.state == Payment.State.CAPTURED and not payment.cancelled else None


def _can_be_refunded(payment: Payment) -> bool:
    left = _refundable(payment)
    return payment.state == Payment.State.REFUND_FAILED or (left is not None and left.amount > 0)


def address_of_part(refund: Refund) -> str:
    return reverse("refund", args=[refund.payment_id, refund.pk])


def shown_part(refund: Refund) -> PartState:
    """Returns the refund of a part as staff and services see it."""
    return PartState(
        id=refund.pk,
        payment_id=refund.payment_id,
        order_id=refund.order_id,
        state=refund.state,
        state_since=refund.state_since,
        requested_at=refund.requested_at,
        amount=refund.money,
        reason=refund.reason,
        attempt=refund.attempt,
        reference=refund.provider_ref,
        code=refund.code,
        links=PartLinks(self_=address_of_part(refund), payment=reverse("payment", args=[refund.payment_id])),
    )


_ORDER = "01a213a1-ef71-71ba-9577-5edad64fd9e7"
_PAYMENT = "01a213a1-f6ce-7045-a653-4e9bf6d230ce"
_REFUND = "01a213a2-0b15-7c11-9d3c-5a4d1c2f9b10"
_ADDRESS = f"/api/v1/payments/{_PAYMENT}"
_PART = {
    "id": _REFUND,
    "payment_id": _PAYMENT,
    "order_id": _ORDER,
    "state": "refunded",
    "state_since": "2026-01-05T09:00:01.123456Z",
    "requested_at": "2026-01-05T09:00:00.123456Z",
    "amount": {"amount": 500, "currency": "EUR"},
    "reason": "damaged",
    "attempt": 1,
    "reference": "re_2f9b1c",
    "code": "",
    "links": {"self": f"{_ADDRESS}/refunds/{_REFUND}", "payment": _ADDRESS},
}
exemplify(PartState, _PART)
exemplify(
    PaymentState,
    {
        "id": _PAYMENT,
        "order_id": _ORDER,
        "state": "captured",
        "state_since": "2026-01-02T03:04:06.123456Z",
        "amount": {"amount": 3998, "currency": "EUR"},
        "method": "pm_card_ok",
        "provider": "sandbox",
        "provider_ref": "ch_5a4d1c",
        "decline_code": "",
        "late": False,
        "refund": None,
        "refundable": {"amount": 3498, "currency": "EUR"},
        "refunds": [_PART],
        "available_actions": ["refund"],
        "links": {"self": _ADDRESS, "refunds": f"{_ADDRESS}/refunds"},
    },
)
