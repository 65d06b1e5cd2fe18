"""The payment provider, as payments sees it: an outside company behind a small protocol."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from outbox import Money

# Seconds that one call may take; a provider has to give up by itself before.
TIMEOUT = 8.0
SANDBOX_PROVIDER = "payments.sandbox.SandboxProvider"


class Charged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider has taken the money; `reference` is its own name for the charge."""

    reference: str


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider has refused for good; nothing was taken."""

    code: str


class Refunded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider has given the money back; `reference` is its own name for the refund."""

    reference: str


class RefundRefused(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider will not give the money back under this key."""

    code: str


class OutcomeUnknown(TimeoutError):
    """The provider has not answered in time; it may have acted, may still act, or not. Look up before asking again."""


class Provider(Protocol):
    """A payment provider. Whatever goes wrong technically is raised: the outcome is then unknown, not negative."""

    name: str

    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined:
        """Takes the money once for each `key`: a key that is known already returns what became of it."""
        ...

    def look_up(self, key: str) -> Charged | Declined | None:
        """Returns what became of an earlier `capture` with this key, or None if the provider has never seen it."""
        ...

    def refund(self, key: str, reference: str, amount: Money) -> Refunded | RefundRefused:
        """Gives the money of the charge `reference` back, once for each `key`."""
        ...

    def look_up_refund(self, key: str) -> Refunded | RefundRefused | None:
        """Returns what became of an earlier `refund` with this key, or None if the provider has never seen it."""
        ...


class CaptureIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to ask the provider for the money."""

    order_id: UUID
    key: str
    amount: Money
    method: str


class CaptureOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider answered for an order, when asked for `amount`."""

    order_id: UUID
    amount: Money
    provider: str
    answer: Charged | Declined


class RefundIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, already committed, to ask the provider to give the money of the charge `reference` back."""

    order_id: UUID
    key: str
    reference: str
    amount: Money


class RefundOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider answered when asked to give `amount` back."""

    order_id: UUID
    amount: Money
    provider: str
    answer: Refunded | RefundRefused


@cache
def provider() -> Provider:
    """Returns the provider that the setting PAYMENT_PROVIDER names."""
    made: Provider = import_string(settings.PAYMENT_PROVIDER)()
    return made


def check_provider(**kwargs: Any) -> list[CheckMessage]:
    """There is a provider, and outside the sandbox one that takes real money: nothing is shipped unpaid."""
    if not settings.SANDBOX and settings.PAYMENT_PROVIDER in ("", SANDBOX_PROVIDER):
        hint = "Set PAYMENT_PROVIDER to the class of a provider, or SANDBOX=on to try things out."
        return [Error("No payment provider takes real money, and SANDBOX is off.", hint, id="payments.E001")]
    try:
        import_string(settings.PAYMENT_PROVIDER)
    except ImportError as error:
        return [Error(f"PAYMENT_PROVIDER cannot be imported: {error}", id="payments.E002")]
    return []


def capture(intent: CaptureIntent) -> CaptureOutcome:
    """Asks the provider for the money."""
    return _captured(intent, provider().capture(intent.key, intent.amount, intent.method))


def look_up_capture(intent: CaptureIntent) -> CaptureOutcome | None:
    """Asks the provider what became of an earlier `capture` of the same intent."""
    answer = provider().look_up(intent.key)
    return _captured(intent, answer) if answer else None


def refund(intent: RefundIntent) -> RefundOutcome:
    """Asks the provider to give the money back."""
    return _refunded(intent, provider().refund(intent.key, intent.reference, intent.amount))


def look_up_refund(intent: RefundIntent) -> RefundOutcome | None:
    """Asks the provider what became of an earlier `refund` of the same intent."""
    answer = provider().look_up_refund(intent.key)
    return _refunded(intent, answer) if answer else None


def _captured(intent: CaptureIntent, answer: Charged | Declined) -> CaptureOutcome:
    return CaptureOutcome(order_id=intent.order_id, amount=intent.amount, provider=provider().name, answer=answer)


def _refunded(intent: RefundIntent, answer: Refunded | RefundRefused) -> RefundOutcome:
    return RefundOutcome(order_id=intent.order_id, amount=intent.amount, provider=provider().name, answer=answer)
