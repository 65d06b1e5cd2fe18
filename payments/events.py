"""The facts that payments publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from outbox import Event, Money

# Why money goes back: its order was cancelled, or it came although the payment was closed already.
RefundReason = Literal["cancelled", "late"]


class PaymentCaptureStarted(Event, frozen=True, kw_only=True):
    """Order and stock are known, so the money is due; the provider is about to be asked."""

    payment_id: UUID
    attempt: int
    amount: Money
    method: str


class PaymentCaptured(Event, frozen=True, kw_only=True):
    """The provider has taken the money. `provider_ref` is the provider's name for the charge."""

    payment_id: UUID
    attempt: int
    amount: Money
    provider: str
    provider_ref: str


class PaymentDeclined(Event, frozen=True, kw_only=True):
    """The provider refused; nothing was taken. Closes payments' book. `code` is such as insufficient_funds."""

    payment_id: UUID
    attempt: int
    code: str


class PaymentExpired(Event, frozen=True, kw_only=True):
    """The time to pay is over and the provider was never asked; it will not be. Closes payments' book."""

    payment_id: UUID


class PaymentVoided(Event, frozen=True, kw_only=True):
    """The order was cancelled before anything was taken, and nothing will be. Closes payments' book.

    `payment_id` is null if payments had not heard of the order yet.
    """

    payment_id: UUID | None


class LatePaymentReceived(Event, frozen=True, kw_only=True):
    """The provider has taken money for an order that was cancelled by then; it goes back at once.

    Never `PaymentCaptured`, on which shipping would act before it has heard of the cancellation.
    """

    payment_id: UUID
    attempt: int
    amount: Money
    provider: str
    provider_ref: str


class PaymentRefundStarted(Event, frozen=True, kw_only=True):
    """Money that was taken has to go back; the provider is about to be asked. `attempt` counts how often."""

    payment_id: UUID
    attempt: int
    amount: Money
    reason: RefundReason


class PaymentRefunded(Event, frozen=True, kw_only=True):
    """The provider has given the money back. Closes payments' book. `provider_ref` is its name for the refund."""

    payment_id: UUID
    attempt: int
    amount: Money
    reason: RefundReason
    provider: str
    provider_ref: str


class PaymentRefundFailed(Event, frozen=True, kw_only=True):
    """The provider refused to give the money back, so it is owed; staff may try again. `code` says why."""

    payment_id: UUID
    attempt: int
    amount: Money
    code: str
