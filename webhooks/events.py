"""The facts that webhooks publishes. Each is about the order whose news was to be sent."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from outbox import Event

DisabledBecause = Literal["gone", "failing"]


class WebhookStarted(Event, frozen=True, kw_only=True):
    """An endpoint wants to hear of a public event; it is about to be sent there.

    `round` counts how often somebody has had it sent anew; what an earlier round had still to do is void.
    """

    webhook_id: UUID
    endpoint_id: UUID
    round: int


class WebhookDelivered(Event, frozen=True, kw_only=True):
    """The endpoint has taken the webhook. Nobody reacts; it answers "did the other system hear of it?"."""

    webhook_id: UUID
    endpoint_id: UUID
    status: int
    tries: int


class WebhookFailed(Event, frozen=True, kw_only=True):
    """The endpoint has not taken the webhook in three days of trying; it will not be sent again by itself."""

    webhook_id: UUID
    endpoint_id: UUID
    tries: int


class WebhookEndpointDisabled(Event, frozen=True, kw_only=True):
    """Nothing is sent to an endpoint any more: it answered 410 Gone, or nothing but errors for three days.

    It happened while an event of this order was to be sent.
    """

    endpoint_id: UUID
    because: DisabledBecause


class EndpointOwnerNotified(Event, frozen=True, kw_only=True):
    """The owner of an endpoint has been written to that it was disabled. Nobody reacts."""

    endpoint_id: UUID
