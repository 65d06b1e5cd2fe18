"""Keeping endpoints: what their owners, and staff, do with them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from uuid import UUID

import msgspec
import uuid_utils.compat
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from outbox import database_time, publish
from outbox.subscriptions import wake
from webhooks import gateway
from webhooks.events import WebhookStarted
from webhooks.models import Endpoint, Webhook
from webhooks.services.announcing import ANNOUNCE

MOST_ENDPOINTS = 10
SECRET_BYTES = 32
# For so long after a new secret the previous one signs as well.
OVERLAP = timedelta(hours=24)
PING = "webhooks.Ping"
# Pings at the same time, in each process: each holds a thread of the web server for as long as an endpoint likes.
_pings = BoundedSemaphore(2)


class TooManyEndpoints(ValueError):
    """The owner has as many endpoints as anybody may have."""


class DisabledByStaff(RuntimeError):
    """Staff has disabled the endpoint; its owner can neither enable it nor have anything sent there."""


class Busy(RuntimeError):
    """Too many pings are under way; try again in a moment."""


def add_endpoint(
    *, owner: User, url: str, event_types: list[str], orders: str = Endpoint.Orders.OWN, description: str = ""
) -> Endpoint:
    """Adds an endpoint, which hears of what is published from now on; its secret is in the row.

    Raises:
        UrlNotAllowed: nothing may be sent there.
        TooManyEndpoints: the owner has too many.
    """
    gateway.require_allowed(url)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if endpoints_of(owner).count() >= MOST_ENDPOINTS:
            raise TooManyEndpoints(f"You have {MOST_ENDPOINTS} endpoints, which is as many as anybody may have.")
        endpoint = Endpoint.objects.create(
            owner=owner,
            url=url,
            event_types=event_types,
            orders=orders,
            description=description,
            secret=_new_secret(),
        )
        wake(ANNOUNCE)
    return endpoint


def endpoints_of(owner: User) -> QuerySet[Endpoint]:
    """Returns the endpoints that the owner has not deleted."""
    return Endpoint.objects.filter(owner=owner).exclude(state=Endpoint.State.DELETED)


def change_endpoint(endpoint_id: UUID, changes: Mapping[str, object]) -> Endpoint:
    """Changes `url`, `event_types`, `description` or `enabled`, as far as they are given and as its owner may.

    Enabled again, an endpoint counts as sound.

    Raises:
        UrlNotAllowed: nothing may be sent to the new URL.
        DisabledByStaff: it was to be enabled; nothing is changed.
        Endpoint.DoesNotExist: it is deleted, as for everything else that is done with an endpoint.
    """
    if "url" in changes:
        gateway.require_allowed(str(changes["url"]))
    with _changing(endpoint_id) as endpoint:
        for name in {"url", "event_types", "description"} & changes.keys():
            setattr(endpoint, name, changes[name])
        if changes.get("enabled") is True:
            _require_not_disabled_by_staff(endpoint)
            _enable(endpoint)
        elif changes.get("enabled") is False and endpoint.state == Endpoint.State.ENABLED:
            endpoint.disable(Endpoint.Because.OWNER, database_time())
    return endpoint


def disable_endpoint(endpoint_id: UUID) -> None:
    """Ends the sending to an endpoint, as staff decides: until staff enables it, whoever had disabled it before."""
    with _changing(endpoint_id) as endpoint:
        if endpoint.disabled_because != Endpoint.Because.STAFF:
            endpoint.disable(Endpoint.Because.STAFF, database_time())


def enable_endpoint(endpoint_id: UUID) -> None:
    """Lets an endpoint hear again, as staff decides; it counts as sound."""
    with _changing(endpoint_id) as endpoint:
        _enable(endpoint)


def delete_endpoint(endpoint_id: UUID) -> None:
    """Deletes an endpoint: nothing is sent to it any more, and its secrets are forgotten."""
    with _changing(endpoint_id) as endpoint:
        endpoint.state = Endpoint.State.DELETED
        endpoint.secret = endpoint.previous_secret = ""


def rotate_secret(endpoint_id: UUID) -> Endpoint:
    """Gives the endpoint a new secret; for a day both sign."""
    with _changing(endpoint_id) as endpoint:
        endpoint.previous_secret, endpoint.previous_until = endpoint.secret, database_time() + OVERLAP
        endpoint.secret = _new_secret()
    return endpoint


def redeliver(webhook_id: UUID) -> Webhook:
    """Sends a webhook anew, with its whole schedule of tries, whatever has become of it.

    The endpoint counts as sound again, so that it is tried at once.

    Raises:
        DisabledByStaff: nothing is sent there.
    """
    with transaction.atomic():
        webhook = Webhook.objects.select_for_update(no_key=True).get(pk=webhook_id)
        endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=webhook.endpoint_id)
        _require_not_disabled_by_staff(endpoint)
        endpoint.rests_until = None
        endpoint.save(update_fields=["rests_until"])
        webhook.state, webhook.done_at = Webhook.State.PENDING, None
        webhook.round, webhook.tries = webhook.round + 1, 0
        webhook.save(update_fields=["state", "done_at", "round", "tries"])
        publish(
            WebhookStarted(
                order_id=webhook.order_id, webhook_id=webhook.pk, endpoint_id=endpoint.pk, round=webhook.round
            )
        )
    return webhook


def ping(endpoint: Endpoint) -> gateway.Sent:
    """Sends a webhook of the type `webhooks.Ping` at once, and returns what came of it. It is no fact of any order.

    Raises:
        DisabledByStaff: nothing is sent there.
        Busy: too many pings are under way.
    """
    _require_not_disabled_by_staff(endpoint)
    if not _pings.acquire(blocking=False):
        raise Busy("Too many pings are under way.")
    try:
        return gateway.send(_ping(endpoint, database_time()))
    finally:
        _pings.release()


def _ping(endpoint: Endpoint, now: datetime) -> gateway.SendIntent:
    id = uuid_utils.compat.uuid7()
    body = {"id": id, "type": PING, "timestamp": now.astimezone(UTC), "data": {"endpoint_id": endpoint.pk}}
    return gateway.SendIntent(
        order_id=id,
        webhook_id=id,
        endpoint_id=endpoint.pk,
        round=1,
        message_id=str(id),
        url=endpoint.url,
        body=msgspec.json.encode(body).decode(),
        secrets=endpoint.secrets(now),
    )


def _require_not_disabled_by_staff(endpoint: Endpoint) -> None:
    if endpoint.disabled_because == Endpoint.Because.STAFF:
        raise DisabledByStaff("Only staff can enable it again; ask them why they have disabled it.")


def _enable(endpoint: Endpoint) -> None:
    endpoint.enable()
    wake(ANNOUNCE)


@contextmanager
def _changing(endpoint_id: UUID) -> Iterator[Endpoint]:
    """In one transaction: locks the endpoint, unless it is deleted by now, and saves it after the change."""
    with transaction.atomic():
        kept = Endpoint.objects.exclude(state=Endpoint.State.DELETED)
        endpoint = kept.select_for_update(no_key=True).get(pk=endpoint_id)
        yield endpoint
        endpoint.save()


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
