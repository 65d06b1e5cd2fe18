"""Telling the owner of an endpoint that it was disabled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.template.loader import render_to_string

from outbox import Batch, Ignored
from webhooks.events import EndpointOwnerNotified, WebhookEndpointDisabled
from webhooks.gateway import Notice, Noticed
from webhooks.models import Endpoint


def prepare_notices(disabled: Batch[WebhookEndpointDisabled]) -> Iterator[Notice | Ignored]:
    """Decides whom to write to; without an address nobody can be, and the API shows it all the same."""
    ids = [event.endpoint_id for event in disabled]
    endpoints = Endpoint.objects.select_related("owner").in_bulk(ids)
    for event in disabled:
        endpoint = endpoints.get(event.endpoint_id)
        if endpoint is None or not endpoint.owner.email:
            yield Ignored(event.order_id, "the endpoint's owner has no e-mail address")
        else:
            yield _notice(event, endpoint)


def _notice(event: WebhookEndpointDisabled, endpoint: Endpoint) -> Notice:
    written = render_to_string("webhooks/disabled.txt", {"event": event, "endpoint": endpoint})
    subject, _, text = written.partition("\n\n")
    return Notice(
        order_id=event.order_id, endpoint_id=event.endpoint_id, to=endpoint.owner.email, subject=subject, text=text
    )


def record_notices(outcomes: Sequence[Noticed]) -> Iterator[EndpointOwnerNotified]:
    """Says that the owners have been written to."""
    for noticed in outcomes:
        yield EndpointOwnerNotified(order_id=noticed.order_id, endpoint_id=noticed.endpoint_id)
