"""The facts that payments publishes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from outbox import Event, Findable, Money

# Why money goes back: its order was cancelled, or it came although the payment was closed already.
RefundReason = Literal["cancelled", "late"]
# Why a part of it goes back while the order goes on.
PartReason = Literal["returned", "damaged", "missing", "goodwill", "other"]


class PaymentOpened(Event, frozen=True, kw_only=True):
    """The provider is ready to take the money and has taken none. It is asked to by `provider_ref`, kept from now on.

    Only of providers that forget what they were asked, such as Stripe, which remembers a key for a day.
    """

    payment_id: UUID
    attempt: int
    amount: Money
    provider: str
    provider_ref: Findable[str]


class PaymentCaptured(Event, frozen=True, kw_only=True):
    """The provider has taken the money. `provider_ref` is the provider's name for the charge."""

    payment_id: UUID
    attempt: int
    amount: Money
    provider: str
    provider_ref: Findable[str]


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
    provider_ref: Findable[str]


class PaymentRefundStarted(Event, frozen=True, kw_only=True):
    """Money that was taken has to go back; the provider is about to be asked. `attempt` counts how often."""

    payment_id: UUID
    attempt: int
    amount: Money
    reason: RefundReason


class PaymentRefunded(Event, frozen=True, kw_only=True):
    """The provider has given the money back. Closes payments' book. `provider_ref` is its name for the refund.

    `amount` is what had not gone back in parts. If all had, it is 0, nobody was asked, and `provider_ref` is empty.
    """

    payment_id: UUID
    attempt: int
    amount: Money
    reason: RefundReason
    provider: str
    provider_ref: Findable[str]


class PaymentRefundFailed(Event, frozen=True, kw_only=True):
    """The provider refused to give the money back, so it is owed; staff may try again. `code` says why."""

    payment_id: UUID
    attempt: int
    amount: Money
    code: str


class PartialRefundStarted(Event, frozen=True, kw_only=True):
    """Staff, or a service, gives back a part of what was taken, or all that is left; the provider is about to be asked.

    The order goes on. `attempt` counts how often the provider is asked for this refund.
    """

    payment_id: UUID
    refund_id: UUID
    attempt: int
    amount: Money
    reason: PartReason


class PaymentPartlyRefunded(Event, frozen=True, kw_only=True):
    """The provider has given a part of the money back. Closes no book. `provider_ref` is its name for the refund."""

    payment_id: UUID
    refund_id: UUID
    attempt: int
    amount: Money
    reason: PartReason
    provider: str
    provider_ref: Findable[str]


class PartialRefundFailed(Event, frozen=True, kw_only=True):
    """The provider refused to give a part of the money back; staff may try again. `code` says why."""

    payment_id: UUID
    refund_id: UUID
    attempt: int
    amount: Money
    code: str


class PartialRefundDropped(Event, frozen=True, kw_only=True):
    """Staff has settled a refund that had failed in another way, so it is not owed and not tried again.

    By another refund, say, or by a transfer. Operations say who, and why.
    """

    payment_id: UUID
    refund_id: UUID
    amount: Money
