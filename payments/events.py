"""The facts that payments publishes."""

from __future__ import annotations

from uuid import UUID

from outbox import Event, Money


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


class PaymentVoided(Event, frozen=True, kw_only=True):
    """The order was cancelled before anything was taken, and nothing will be. Closes payments' book.

    `payment_id` is null if payments had not heard of the order yet.
    """

    payment_id: UUID | None
