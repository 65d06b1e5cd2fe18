"""What webhooks does when something has happened: it tells the systems that want to hear of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from outbox import Batch, Ignored, NotReadyYet, Several, Waiting, effect, reacts_to
from webhooks import gateway, services
from webhooks.events import (
    EndpointOwnerNotified,
    WebhookDelivered,
    WebhookEndpointDisabled,
    WebhookFailed,
    WebhookStarted,
)
from webhooks.gateway import Notice, Noticed, SendIntent, Sent
from webhooks.readers import PUBLIC, PublicEvent


@reacts_to(*PUBLIC.values(), within=timedelta(seconds=30), asleep=True)
def announce(news: Batch[PublicEvent]) -> Iterator[Several[WebhookStarted] | Waiting | Ignored]:
    """Starts a webhook for each endpoint that wants to hear of a public event. It sleeps while there is no endpoint."""
    yield from services.announce(news)


@effect("webhooks.WebhookStarted", timeout=gateway.TIMEOUT, width=50, batch_size=50, within=timedelta(days=7))
class SendWebhook:
    """Posts a webhook to its endpoint, again and again for three days if need be.

    A receiver cannot be asked whether it has had a webhook. It recognises a repeated one by its `webhook-id`.
    """

    def prepare(self, started: Batch[WebhookStarted]) -> Iterator[SendIntent | Ignored | NotReadyYet]:
        yield from services.prepare_webhooks(started)

    def call(self, intent: SendIntent) -> Sent:
        return gateway.send(intent)

    def look_up(self, intent: SendIntent) -> None:
        """Nobody knows, and it does no harm to send it again."""

    def record(
        self, outcomes: Sequence[Sent]
    ) -> Iterator[WebhookDelivered | WebhookFailed | WebhookEndpointDisabled | NotReadyYet | Ignored]:
        yield from services.record_webhooks(outcomes)


@effect("webhooks.WebhookEndpointDisabled", timeout=gateway.TIMEOUT, within=timedelta(minutes=5))
class WriteToOwner:
    """Writes to the owner of an endpoint that it was disabled. Like any mail it is never repeated by itself."""

    def prepare(self, disabled: Batch[WebhookEndpointDisabled]) -> Iterator[Notice | Ignored]:
        yield from services.prepare_notices(disabled)

    def call(self, intent: Notice) -> Noticed:
        return gateway.write(intent)

    def record(self, outcomes: Sequence[Noticed]) -> Iterator[EndpointOwnerNotified]:
        yield from services.record_notices(outcomes)
