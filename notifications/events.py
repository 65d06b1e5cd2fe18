"""The facts that notifications publishes."""

from __future__ import annotations

from typing import Literal

from outbox import Event

Template = Literal["placed", "shipped", "cancelled"]


class NotificationSent(Event, frozen=True, kw_only=True):
    """The customer has been written to. Nobody reacts; it answers "did the customer get the mail?".

    `recipient_hash` is a keyed hash of the address: equal for equal addresses, and of no use to others.
    """

    template: Template
    channel: Literal["email"]
    recipient_hash: str
