"""The facts that notifications publishes."""

from __future__ import annotations

from typing import Literal

from outbox import Event

Template = Literal[
    "placed", "paid", "shipped", "delivered", "cancelled", "not_cancelled", "partly_refunded", "refunded"
]


class NotificationSent(Event, frozen=True, kw_only=True):
    """The customer has been written to. Nobody reacts; it answers "did the customer get the mail?".

    `recipient_hash` is a keyed hash of the address: equal for equal addresses, and of no use to others.
    """

    template: Template
    channel: Literal["email"]
    recipient_hash: str


class NotificationFailed(Event, frozen=True, kw_only=True):
    """The mail server refuses this recipient for good; the customer was not written to. Nobody reacts.

    `code` is the mail server's, such as 550.
    """

    template: Template
    channel: Literal["email"]
    recipient_hash: str
    code: int
