"""Asking the provider: what is asked for, and what comes back, each with its order."""

from __future__ import annotations

from functools import cache
from typing import cast
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string

from outbox import Money
from payments.gateway.protocol import (
    Charged,
    Declined,
    NotSigned,
    Opened,
    OpeningProvider,
    Provider,
    Refunded,
    RefundRefused,
    Report,
    ReportingProvider,
    Withdrawn,
)

# Seconds that one call may take, look-up included; a provider has to give up by itself before.
TIMEOUT = 8.0


class CaptureIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to ask the provider for the money."""

    order_id: UUID
    key: str
    amount: Money
    method: str
    opened: str = ""  # the provider's name for it, if it has been opened
    wanted: bool = True  # else cancelled since: what is opened is withdrawn, any other asked for to the end


class CaptureOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider answered for an order, when asked for `amount`."""

    order_id: UUID
    amount: Money
    provider: str
    answer: Charged | Declined | Opened | Withdrawn


class RefundIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to ask the provider to give the money of the charge `reference` back."""

    order_id: UUID
    key: str
    reference: str
    amount: Money
    refund_id: UUID | None = None  # of a part


class RefundOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider answered when asked to give `amount` back."""

    order_id: UUID
    amount: Money
    provider: str
    answer: Refunded | RefundRefused
    refund_id: UUID | None = None  # of a part


@cache
def provider() -> Provider:
    """Returns the provider that the setting PAYMENT_PROVIDER names."""
    made: Provider = import_string(settings.PAYMENT_PROVIDER)()
    return made


def capture(intent: CaptureIntent) -> CaptureOutcome:
    """Asks the provider for the money, or, where that is how it works, to open the charge first."""
    if not intent.opened:
        return _captured(intent, provider().capture(intent.key, intent.amount, intent.method))
    if intent.wanted:
        return _captured(intent, _opening().confirm(intent.key, intent.opened))
    return _captured(intent, _opening().withdraw(intent.opened))


def look_up_capture(intent: CaptureIntent) -> CaptureOutcome | None:
    """Asks the provider what became of an earlier `capture` of the same intent."""
    answer = _opening().look_up_opened(intent.opened) if intent.opened else provider().look_up(intent.key)
    return _captured(intent, answer) if answer else None


def read_report(name: str, body: bytes, signature: str) -> Report:
    """Returns what the provider called `name` reports.

    Raises:
        NotSigned: it is not our provider, or has not signed this just now.
        UnreadableReport: it is signed, and yet no report.
    """
    if provider().name != name:
        raise NotSigned(NotSigned.__doc__)
    return cast(ReportingProvider, provider()).read_report(body, signature)


def refund(intent: RefundIntent) -> RefundOutcome:
    """Asks the provider to give the money back."""
    return _refunded(intent, provider().refund(intent.key, intent.reference, intent.amount))


def look_up_refund(intent: RefundIntent) -> RefundOutcome | None:
    """Asks the provider what became of an earlier `refund` of the same intent."""
    answer = provider().look_up_refund(intent.key, intent.reference)
    return _refunded(intent, answer) if answer else None


def _opening() -> OpeningProvider:
    """Returns the provider as the one that it must be if it has opened anything."""
    return cast(OpeningProvider, provider())


def _captured(intent: CaptureIntent, answer: Charged | Declined | Opened | Withdrawn) -> CaptureOutcome:
    return CaptureOutcome(order_id=intent.order_id, amount=intent.amount, provider=provider().name, answer=answer)


def _refunded(intent: RefundIntent, answer: Refunded | RefundRefused) -> RefundOutcome:
    return RefundOutcome(
        order_id=intent.order_id,
        amount=intent.amount,
        provider=provider().name,
        answer=answer,
        refund_id=intent.refund_id,
    )
