"""Sending webhooks: what is tried when, what becomes of each try, and how a failing endpoint is kept to itself."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from outbox import Batch, Ignored, NotReadyYet, database_time
from webhooks.events import WebhookDelivered, WebhookEndpointDisabled, WebhookFailed, WebhookStarted
from webhooks.gateway import TIMEOUT, SendIntent, Sent
from webhooks.models import Attempt, Endpoint, Webhook

# The waits after the first try that failed, the second, and so on: three days and four hours in all.
# Source: the schedule that the Standard Webhooks specification proposes.
WAITS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
]
# An endpoint that has taken nothing for so long, and fails again, is disabled.
PATIENCE = timedelta(days=3)
# A failing endpoint rests for so long, doubled with each failure, up to the longest. Then one webhook is the probe.
REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=10)
# A sound endpoint that takes longer than this to answer rests for four times as long, since whoever is called meanwhile
# waits for it with the rest of its dispatch.
SLOW = timedelta(seconds=2)
SHORTEST_WAIT = timedelta(seconds=1)
# For so long nothing but the probe is sent: it has returned by then, or its worker has died.
PROBE = timedelta(seconds=TIMEOUT + 4)

Recorded = WebhookDelivered | WebhookFailed | WebhookEndpointDisabled | NotReadyYet | Ignored


def prepare_webhooks(started: Batch[WebhookStarted]) -> Iterator[SendIntent | Ignored | NotReadyYet]:
    """Decides what to send now. To an endpoint that fails at most one webhook goes at a time; the others wait."""
    now = database_time()
    webhooks = _locked_webhooks(event.webhook_id for event in started)
    endpoints = _locked_endpoints(webhooks.values())
    _drop(webhooks.values(), endpoints, now)
    probed: set[UUID] = set()
    for event in started:
        webhook = webhooks.get(event.webhook_id)
        if webhook is None or webhook.state != Webhook.State.PENDING:
            yield Ignored(event.order_id, f"the webhook is {webhook.state}" if webhook else "the webhook is gone")
        elif webhook.round != event.round:
            yield Ignored(event.order_id, "it is being sent anew")
        elif (endpoint := endpoints[webhook.endpoint_id]).rests_until and endpoint.rests_until > now:
            wait = _spread(max(endpoint.rests_until - now, SHORTEST_WAIT))
            yield NotReadyYet(event.order_id, "its endpoint rests", wait)
        else:
            if endpoint.failures:
                probed.add(endpoint.pk)
                endpoint.rests_until = now + PROBE
            yield _intent(webhook, endpoint, now)
    Endpoint.objects.filter(pk__in=probed).update(rests_until=now + PROBE)


def _locked_webhooks(ids: Iterable[UUID]) -> dict[UUID, Webhook]:
    """Webhooks are locked before endpoints, here and everywhere."""
    rows = Webhook.objects.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk")
    return {row.pk: row for row in rows}


def _locked_endpoints(webhooks: Iterable[Webhook]) -> dict[UUID, Endpoint]:
    ids = {webhook.endpoint_id for webhook in webhooks}
    return {row.pk: row for row in Endpoint.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")}


def _drop(webhooks: Iterable[Webhook], endpoints: Mapping[UUID, Endpoint], now: datetime) -> None:
    """What is still to be sent to an endpoint that is not enabled any more is not sent."""
    dropped = [
        webhook
        for webhook in webhooks
        if webhook.state == Webhook.State.PENDING and endpoints[webhook.endpoint_id].state != Endpoint.State.ENABLED
    ]
    for webhook in dropped:
        webhook.end(Webhook.State.DROPPED, now)
    Webhook.objects.filter(pk__in=[webhook.pk for webhook in dropped]).update(state=Webhook.State.DROPPED, done_at=now)


def _intent(webhook: Webhook, endpoint: Endpoint, now: datetime) -> SendIntent:
    return SendIntent(
        order_id=webhook.order_id,
        webhook_id=webhook.pk,
        endpoint_id=endpoint.pk,
        round=webhook.round,
        message_id=str(webhook.event_id),
        url=endpoint.url,
        body=webhook.body,
        secrets=endpoint.secrets(now),
    )


def record_webhooks(outcomes: Sequence[Sent]) -> Iterator[Recorded]:
    """Writes down what the endpoints have answered, and when what failed is tried again."""
    now = database_time()
    webhooks = _locked_webhooks(sent.webhook_id for sent in outcomes)
    endpoints = _locked_endpoints(webhooks.values())
    Attempt.objects.bulk_create(_attempt(sent) for sent in outcomes if sent.webhook_id in webhooks)
    disabled = _judge_endpoints(endpoints, outcomes, now)
    for sent in outcomes:
        webhook = webhooks.get(sent.webhook_id)
        if webhook is None or webhook.state != Webhook.State.PENDING or webhook.round != sent.round:
            yield Ignored(sent.order_id, "it was being sent anew, or deleted, meanwhile")
        else:
            yield _became(webhook, sent, disabled, now)
    Webhook.objects.bulk_update(webhooks.values(), ["state", "tries", "done_at"])
    Endpoint.objects.bulk_update(
        endpoints.values(),
        ["state", "disabled_because", "disabled_at", "failures", "failing_since", "rests_until"],
    )


def _attempt(sent: Sent) -> Attempt:
    return Attempt(webhook_id=sent.webhook_id, status=sent.status, error=sent.error, milliseconds=sent.milliseconds)


def _judge_endpoints(
    endpoints: Mapping[UUID, Endpoint], outcomes: Sequence[Sent], now: datetime
) -> dict[UUID, WebhookEndpointDisabled]:
    """Notes which endpoints live and which fail; returns the facts of those that this disables, in memory."""
    disabled = {}
    for id, endpoint in endpoints.items():
        answered = [sent for sent in outcomes if sent.endpoint_id == id]
        if any(sent.taken for sent in answered):
            endpoint.note_success(_rest_after_slowness(answered, now))
            continue
        endpoint.note_failure(now, _rest_after(endpoint.failures))
        is_gone, failing_since = any(sent.gone for sent in answered), endpoint.failing_since or now
        if endpoint.state == Endpoint.State.ENABLED and (is_gone or now - failing_since >= PATIENCE):
            because = Endpoint.Because.GONE if is_gone else Endpoint.Because.FAILING
            endpoint.disable(because, now)
            disabled[id] = WebhookEndpointDisabled(
                order_id=answered[0].order_id, endpoint_id=id, because="gone" if is_gone else "failing"
            )
    return disabled


def _became(webhook: Webhook, sent: Sent, disabled: Mapping[UUID, WebhookEndpointDisabled], now: datetime) -> Recorded:
    webhook.tries += 1
    if sent.taken:
        webhook.end(Webhook.State.DELIVERED, now)
        return WebhookDelivered(
            order_id=sent.order_id,
            webhook_id=webhook.pk,
            endpoint_id=webhook.endpoint_id,
            status=sent.status or 0,
            tries=webhook.tries,
        )
    last_straw = disabled.get(webhook.endpoint_id)
    if last_straw is not None and last_straw.order_id == sent.order_id:
        webhook.end(Webhook.State.FAILED, now)
        return last_straw
    if webhook.tries > len(WAITS):
        webhook.end(Webhook.State.FAILED, now)
        return WebhookFailed(
            order_id=sent.order_id, webhook_id=webhook.pk, endpoint_id=webhook.endpoint_id, tries=webhook.tries
        )
    words = f"{sent.words} (try {webhook.tries} of {len(WAITS) + 1})"
    return NotReadyYet(sent.order_id, words, _spread(WAITS[webhook.tries - 1]))


def _rest_after(failures: int) -> timedelta:
    """Returns for how long an endpoint rests that had failed so often before this failure."""
    return min(REST * (1 << min(failures, 10)), LONGEST_REST)


def _rest_after_slowness(answered: Sequence[Sent], now: datetime) -> datetime | None:
    slowest = timedelta(milliseconds=max(sent.milliseconds for sent in answered))
    return now + 4 * slowest if slowest > SLOW else None


def _spread(wait: timedelta) -> timedelta:
    """Returns the wait and up to a tenth more, so that what failed together does not come again together."""
    return timedelta(seconds=wait.total_seconds() * random.uniform(1, 1.1))  # noqa: S311 (jitter, not a secret)
