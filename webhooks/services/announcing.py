"""Hearing of public events, and deciding which endpoint is to hear of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.db.models import Q

from outbox import Batch, Ignored, Several, Waiting
from outbox.subscriptions import let_sleep
from webhooks.events import WebhookStarted
from webhooks.models import Endpoint, KnownOrder
from webhooks.readers import PUBLIC, OrderPlaced, PublicEvent

# The reaction that hears the public events. It sleeps while there is no endpoint.
ANNOUNCE = "webhooks.announce"

# What is not told: the first two stand beside the data, and the last is for us.
_UNTOLD_FIELDS = {"order_id", "event_id", "occurred_at", "customer_id"}

# Notes whose orders these are, locks the orders' rows, and returns them.
REMEMBER = """
INSERT INTO webhooks_knownorder AS kept (order_id, customer_id)
SELECT order_id, customer_id FROM jsonb_to_recordset(%s::jsonb) AS heard (order_id uuid, customer_id bigint)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET customer_id = coalesce(kept.customer_id, EXCLUDED.customer_id)
RETURNING *
"""
KEEP_UNTOLD = """
UPDATE webhooks_knownorder AS kept SET untold = fresh.untold
FROM jsonb_to_recordset(%s::jsonb) AS fresh (order_id uuid, untold jsonb) WHERE kept.order_id = fresh.order_id
"""
# Opens the webhooks that are new, and returns only those.
OPEN = """
INSERT INTO webhooks_webhook (id, endpoint_id, order_id, event_id, event_type, body)
SELECT id, endpoint_id, order_id, event_id, event_type, body FROM jsonb_to_recordset(%s::jsonb)
    AS wanted (id uuid, endpoint_id uuid, order_id uuid, event_id uuid, event_type text, body text)
ORDER BY endpoint_id, event_id
ON CONFLICT (endpoint_id, event_id) DO NOTHING
RETURNING id, endpoint_id, order_id
"""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A public event as it is told."""

    id: UUID
    type: str
    timestamp: datetime
    order_id: UUID
    data: Mapping[str, Any]


def announce(news: Batch[PublicEvent]) -> Iterator[Several[WebhookStarted] | Waiting | Ignored]:
    """Opens a webhook for each endpoint that wants to hear of an event and may.

    An order's customer may, and whoever hears of all orders. What is heard before `OrderPlaced` is kept until then.
    """
    known = _remember(news)
    to_tell = {event.order_id: _facts(event, known[event.order_id]) for event in news}
    started = _open(to_tell, known)
    _keep_untold(known, to_tell)
    for event in news:
        if event.order_id in started:
            yield Several(tuple(started[event.order_id]))
        elif known[event.order_id].customer_id is None:
            yield Waiting(event.order_id, PUBLIC[OrderPlaced])
        else:
            yield Ignored(event.order_id, "no endpoint wants to hear of it")


def _remember(news: Batch[PublicEvent]) -> dict[UUID, KnownOrder]:
    heard = [{"order_id": event.order_id, "customer_id": getattr(event, "customer_id", None)} for event in news]
    return {row.order_id: row for row in KnownOrder.objects.raw(REMEMBER, [_json(heard)])}


def _facts(event: PublicEvent, order: KnownOrder) -> list[Fact]:
    """What is to be told of the order now: the event, and whatever was kept until its owner was known."""
    kept = msgspec.convert(order.untold, list[Fact])
    fact = _fact(event)
    return kept if fact.id in {one.id for one in kept} else [*kept, fact]


def _fact(event: PublicEvent) -> Fact:
    said = {name: value for name, value in msgspec.to_builtins(event).items() if name not in _UNTOLD_FIELDS}
    return Fact(
        id=event.event_id,
        type=PUBLIC[type(event)],
        timestamp=event.occurred_at,
        order_id=event.order_id,
        data=said,
    )


def _open(to_tell: Mapping[UUID, Sequence[Fact]], known: Mapping[UUID, KnownOrder]) -> dict[UUID, list[WebhookStarted]]:
    """Opens what is to be sent; returns it by order."""
    for_all, of_owner = _listening(order.customer_id for order in known.values())
    wanted = [
        _webhook(fact, endpoint)
        for order_id, facts in to_tell.items()
        for endpoint in [*for_all, *of_owner[known[order_id].customer_id]]
        for fact in facts
        if _wants(endpoint, fact)
    ]
    started: dict[UUID, list[WebhookStarted]] = defaultdict(list)
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(OPEN, [_json(wanted)])
            for id, endpoint_id, order_id in cursor.fetchall():
                event = WebhookStarted(order_id=order_id, webhook_id=id, endpoint_id=endpoint_id, round=1)
                started[order_id].append(event)
    return started


def _listening(customers: Iterable[int | None]) -> tuple[list[Endpoint], dict[int | None, list[Endpoint]]]:
    """Returns the endpoints that hear of all orders, and those of these customers, by customer.

    Whoever is no longer active, or no longer staff, does not hear what only an active user, or staff, may hear. A
    service, whose account has no password, is no staff, and is stopped by making its account inactive.
    """
    theirs = Q(orders=Endpoint.Orders.OWN, owner__in=[customer for customer in customers if customer])
    enabled = Endpoint.objects.filter(state=Endpoint.State.ENABLED)
    may_hear_all = Q(owner__is_staff=True) | Q(owner__password__startswith=UNUSABLE_PASSWORD_PREFIX)
    found = enabled.filter(theirs | Q(may_hear_all, orders=Endpoint.Orders.ALL), owner__is_active=True)
    for_all = [endpoint for endpoint in found if endpoint.orders == Endpoint.Orders.ALL]
    of_owner: dict[int | None, list[Endpoint]] = defaultdict(list)
    for endpoint in found:
        if endpoint.orders == Endpoint.Orders.OWN:
            of_owner[endpoint.owner_id].append(endpoint)
    if not found and not enabled.exists():
        let_sleep(ANNOUNCE, unless=enabled.exists)
    return for_all, of_owner


def _wants(endpoint: Endpoint, fact: Fact) -> bool:
    """An endpoint never hears of what is older than itself, even where a replay does."""
    return (not endpoint.event_types or fact.type in endpoint.event_types) and fact.timestamp >= endpoint.created_at


def _webhook(fact: Fact, endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": uuid_utils.compat.uuid7(),
        "endpoint_id": endpoint.pk,
        "order_id": fact.order_id,
        "event_id": fact.id,
        "event_type": fact.type,
        "body": msgspec.json.encode(fact).decode(),
    }


def _keep_untold(known: Mapping[UUID, KnownOrder], to_tell: Mapping[UUID, Sequence[Fact]]) -> None:
    """Keeps what was heard of an order whose owner is not known yet, and forgets it once that has been told."""
    kept = {
        order_id: to_tell[order_id] if order.customer_id is None else []
        for order_id, order in known.items()
        if order.customer_id is None or order.untold
    }
    if kept:
        rows = [{"order_id": order_id, "untold": facts} for order_id, facts in kept.items()]
        with connection.cursor() as cursor:
            cursor.execute(KEEP_UNTOLD, [_json(rows)])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
