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


class Provider(Protocol):
    """A payment provider. Whatever goes wrong technically is raised: the outcome is then unknown, not negative."""

    name: str

    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined:
        """Takes the money once for each `key`: a key that is known already returns what became of it."""
        ...

    def look_up(self, key: str) -> Charged | Declined | None:
        """Returns what became of an earlier call with this key, or None if the provider has never seen it."""
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
    return _outcome(intent, provider().capture(intent.key, intent.amount, intent.method))


def look_up(intent: CaptureIntent) -> CaptureOutcome | None:
    """Asks the provider what became of an earlier `capture` of the same intent."""
    answer = provider().look_up(intent.key)
    return _outcome(intent, answer) if answer else None


def _outcome(intent: CaptureIntent, answer: Charged | Declined) -> CaptureOutcome:
    return CaptureOutcome(order_id=intent.order_id, amount=intent.amount, provider=provider().name, answer=answer)
