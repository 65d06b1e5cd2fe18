"""What webhooks accepts and shows over HTTP: the shapes, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.urls import reverse
from msgspec import UNSET, Meta, UnsetType

from api.bodies import Input, matching
from api.examples import exemplify
from webhooks.models import Attempt, Endpoint, Webhook
from webhooks.readers import PUBLIC

Url = Annotated[
    str,
    matching(r"^[!#-;=?-\[\]_a-z~]+\Z", "A URL in printable ASCII; write other letters as %C3%A4 or xn--…."),
    Meta(max_length=500),
]
Description = Annotated[
    str, matching(r"^[^\x00-\x1f\x7f-\x9f]*\Z", "Text on one line, without control characters."), Meta(max_length=200)
]
if TYPE_CHECKING:
    EventType = str  # a type checker cannot read a Literal made of a value
else:
    EventType = Literal[tuple(PUBLIC.values())]
EventTypes = Annotated[tuple[EventType, ...], Meta(max_length=50)]


class AddEndpoint(Input, frozen=True, kw_only=True):
    """An endpoint to be added. Without `event_types` it hears of all; `orders: all` is for staff that may."""

    url: Url
    event_types: EventTypes = ()
    orders: Literal["own", "all"] = "own"
    description: Description = ""


class ChangeEndpoint(Input, frozen=True, kw_only=True):
    """What is to change of an endpoint; what is left out stays."""

    url: Url | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """Returns what is to change, by its name."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in said.items() if value is not UNSET}


class EndpointLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the endpoint and what was sent to it are found."""

    self_: str = msgspec.field(name="self")
    deliveries: str


class ShownEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as its owner sees it, without its secret. `failing_since` is null while it takes webhooks."""

    id: UUID
    url: str
    event_types: Sequence[str]
    orders: str
    description: str
    enabled: bool
    disabled_because: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    created_at: datetime
    links: EndpointLinks


class EndpointWithSecret(ShownEndpoint, frozen=True, kw_only=True):
    """An endpoint with the secret that signs what is sent to it; it is shown this once.

    Until `previous_secret_until` the previous secret signs, too.
    """

    secret: str
    previous_secret_until: datetime | None


class EndpointPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of your endpoints, newest first; `next` and `previous` are addresses, or null at the ends."""

    data: Sequence[ShownEndpoint]
    next: str | None
    previous: str | None


class ShownAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try: the status that the endpoint answered, or null and why it could not answer."""

    made_at: datetime
    status: int | None
    error: str
    milliseconds: int


class ShownDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent to an endpoint, or is to be: `pending`, then `delivered`, `failed` or `dropped`.

    Dropped is what was still to be sent to an endpoint that was disabled or deleted. `tries` counts from the last
    time that it was asked for anew; `attempts` lists the latest hundred of all.
    """

    id: UUID
    event_id: UUID
    event_type: str
    order_id: UUID
    state: str
    tries: int
    created_at: datetime
    done_at: datetime | None
    body: str
    attempts: Sequence[ShownAttempt]


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what was sent to an endpoint, newest first."""

    data: Sequence[ShownDelivery]
    next: str | None
    previous: str | None


class Pong(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a ping: the status that the endpoint answered, or null and why it could not answer."""

    taken: bool
    status: int | None
    error: str
    milliseconds: int


def address_of(endpoint: Endpoint) -> str:
    return reverse("webhook-endpoint", args=[endpoint.pk])


def address_of_delivery(webhook: Webhook) -> str:
    return reverse("webhook-delivery", args=[webhook.endpoint_id, webhook.pk])


def shown(endpoint: Endpoint) -> ShownEndpoint:
    """Returns the endpoint as its owner sees it."""
    return ShownEndpoint(**_fields(endpoint))


def shown_with_secret(endpoint: Endpoint) -> EndpointWithSecret:
    """Returns the endpoint with its secret, for the answer that shows it."""
    return EndpointWithSecret(
        **_fields(endpoint), secret=endpoint.secret, previous_secret_until=endpoint.previous_until
    )


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    links = EndpointLinks(self_=address_of(endpoint), deliveries=reverse("webhook-deliveries", args=[endpoint.pk]))
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "orders": endpoint.orders,
        "description": endpoint.description,
        "enabled": endpoint.state == Endpoint.State.ENABLED,
        "disabled_because": endpoint.disabled_because or None,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
        "links": links,
    }


def shown_delivery(webhook: Webhook, attempts: Sequence[Attempt]) -> ShownDelivery:
    """Returns what was sent, or is to be, with the attempts given."""
    return ShownDelivery(
        id=webhook.pk,
        event_id=webhook.event_id,
        event_type=webhook.event_type,
        order_id=webhook.order_id,
        state=webhook.state,
        tries=webhook.tries,
        created_at=webhook.created_at,
        done_at=webhook.done_at,
        body=webhook.body,
        attempts=[
            ShownAttempt(made_at=one.made_at, status=one.status, error=one.error, milliseconds=one.milliseconds)
            for one in attempts
        ],
    )


_ADDRESS = "/api/v1/webhook-endpoints/01a213a2-77aa-7c11-9d3c-5a4d1c2f9b10"
_ENDPOINT = {
    "id": "01a213a2-77aa-7c11-9d3c-5a4d1c2f9b10",
    "url": "https://example.com/murmuration",
    "event_types": ["orders.OrderPlaced", "shipping.OrderShipped"],
    "orders": "own",
    "description": "our warehouse",
    "enabled": True,
    "disabled_because": None,
    "disabled_at": None,
    "failing_since": None,
    "created_at": "2026-01-02T03:04:05.678901Z",
    "links": {"self": _ADDRESS, "deliveries": f"{_ADDRESS}/deliveries"},
}
_SECRET = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "previous_secret_until": None}
exemplify(ShownEndpoint, _ENDPOINT)
exemplify(EndpointWithSecret, _ENDPOINT | _SECRET)
exemplify(EndpointPage, {"data": [_ENDPOINT], "next": None, "previous": None})
