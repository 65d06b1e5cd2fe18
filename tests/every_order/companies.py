"""The companies outside, as they may be: well, away, or silent after having done what they were asked.

Provider and carrier are the sandbox's own, with their own ledgers. The mail server keeps an account of what it took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeVar
from uuid import UUID

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outbox import Money
from payments.gateway import Charged, Declined, Refunded, RefundRefused
from payments.sandbox import WEBHOOK_FIRST, SandboxProvider
from payments.services import hear_of_charge
from shipping.gateway import Label, LabelIntent, Refused
from shipping.sandbox import SandboxCarrier
from tests.outbox.threads import elsewhere

Mood = Literal["well", "away", "silent"]
T = TypeVar("T")


@dataclass
class Outside:
    """How all of them are at the moment, and which mails have been taken."""

    mood: Mood = "well"
    mails: list[str] = field(default_factory=list)

    def asked(self, act: Callable[[], T]) -> T:
        """Does what is asked, unless they are away; says what became of it, unless they are silent."""
        if self.mood == "away":
            raise ConnectionError("Nobody is there.")
        answer = act()
        if self.mood == "silent":
            raise TimeoutError("It is done, or not: nobody says.")
        return answer

    @contextmanager
    def of_themselves(self) -> Iterator[None]:
        """Inside they act without being asked."""
        mood, self.mood = self.mood, "well"
        yield
        self.mood = mood


outside = Outside()


class Provider(SandboxProvider):
    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined:
        return outside.asked(partial(self._captured, key, amount, method))

    def _captured(self, key: str, amount: Money, method: str) -> Charged | Declined:
        reports_first = method == WEBHOOK_FIRST
        answer = super().capture(key, amount, "pm_card_ok" if reports_first else method)
        if reports_first and isinstance(answer, Charged):
            elsewhere(partial(report, key, answer))  # to a web process of ours, before we have the answer
        return answer

    def look_up(self, key: str) -> Charged | Declined | None:
        return outside.asked(partial(super().look_up, key))

    def refund(self, key: str, reference: str, amount: Money) -> Refunded | RefundRefused:
        return outside.asked(partial(super().refund, key, reference, amount))

    def look_up_refund(self, key: str, reference: str) -> Refunded | RefundRefused | None:
        return outside.asked(partial(super().look_up_refund, key, reference))


class Carrier(SandboxCarrier):
    def buy_label(self, parcel: LabelIntent) -> Label | Refused:
        return outside.asked(partial(super().buy_label, parcel))

    def look_up(self, key: str) -> Label | Refused | None:
        return outside.asked(partial(super().look_up, key))


class MailServer(BaseEmailBackend):
    def open(self) -> bool:
        if outside.mood == "away":
            raise ConnectionRefusedError("Nobody is there.")
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        taken = [message.extra_headers["Message-ID"] for message in email_messages]
        outside.asked(partial(outside.mails.extend, taken))
        return len(taken)


def report(key: str, charge: Charged) -> None:
    """What the provider's report of a charge does at our end."""
    payment_id, _, attempt = key.partition(":")
    hear_of_charge(
        payment_id=UUID(payment_id), attempt=int(attempt), provider=Provider.name, reference=charge.reference
    )
