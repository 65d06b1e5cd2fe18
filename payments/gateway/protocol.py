"""What a payment provider has to be able to do, and what it may answer."""

from __future__ import annotations

from typing import Protocol

import msgspec

from outbox import Money


class Charged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider has taken the money; `reference` is its own name for the charge."""

    reference: str


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider has refused for good; nothing was taken."""

    code: str


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The provider is ready to take the money and has taken none; it will, once told to by its own `reference`."""

    reference: str


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What was opened has been closed at the provider before anything was taken, and nothing can be any more."""


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

    def capture(self, key: str, amount: Money, method: str) -> Charged | Declined | Opened:
        """Takes the money once for each `key`: a key that is known already returns what became of it.

        An `OpeningProvider` takes nothing yet, and answers `Opened`.
        """
        ...

    def look_up(self, key: str) -> Charged | Declined | None:
        """Returns what became of an earlier `capture` with this key, or None if the provider has never seen it."""
        ...

    def refund(self, key: str, reference: str, amount: Money) -> Refunded | RefundRefused:
        """Gives the money of the charge `reference` back, once for each `key`."""
        ...

    def look_up_refund(self, key: str, reference: str) -> Refunded | RefundRefused | None:
        """Returns what became of an earlier `refund` with this key, or None if the provider has never seen it."""
        ...


class OpeningProvider(Provider, Protocol):
    """A provider that forgets keys after a while, but never what it has opened.

    So its own name for the charge is committed first, and the money taken under that.
    """

    def confirm(self, key: str, opened: str) -> Charged | Declined | Withdrawn:
        """Takes the money for what `capture` has opened, once, however often and however late it is asked."""
        ...

    def withdraw(self, opened: str) -> Charged | Declined | Withdrawn:
        """Closes what `capture` has opened, so that nothing can be taken, unless it has been already."""
        ...

    def look_up_opened(self, opened: str) -> Charged | Declined | Withdrawn | None:
        """Returns what became of what `capture` has opened, or None if it has not been confirmed."""
        ...


class ReportingProvider(Provider, Protocol):
    """A provider that reports by itself what it has charged, over HTTP, and signs it in a way of its own."""

    def read_report(self, body: bytes, signature: str) -> Report:
        """Returns what the provider reports.

        Raises:
            NotSigned: nobody who knows the secret has signed this just now.
            UnreadableReport: it is signed, and yet no report.
        """
        ...


class NotSigned(ValueError):
    """Whether the provider has sent this is not proven."""


class UnreadableReport(ValueError):
    """The provider reports in a form that we do not understand."""


class ReportedCharge(msgspec.Struct, frozen=True, kw_only=True):
    """Money that the provider says it has taken; `key` is what we asked for it by."""

    key: str
    reference: str
    amount: Money


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report by its provider's id for it; without a charge it is about something that we do not act upon."""

    id: str
    charge: ReportedCharge | None
