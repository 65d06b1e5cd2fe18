"""What the tests of webhooks share: a customer, two receivers, and facts that happen."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from orders.events import OrderedLine, OrderPlaced
from outbox import Event, Money, publish
from outbox.models import Subscription
from outbox.testing import make_due, run_until_quiet
from tests.api.conftest import client_of
from tests.architecture.conftest import HOME
from tests.webhooks.receiver import Receiver, receiving
from webhooks import services
from webhooks.gateway import SendIntent
from webhooks.models import Endpoint

SECRET = "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdA=="
Resolve = Callable[..., list[str]]
Resolver = Callable[[Resolve], list[str]]
URL = "/api/v1/webhook-endpoints"
Post = Callable[..., Any]
SEND = "webhooks.send_webhook"
PRICE = Money(amount=1_999, currency="EUR")


@pytest.fixture(autouse=True)
def _only_webhooks_react(db: None, settings: Settings) -> None:
    """The other apps stay silent, so that only those facts happen that a test tells."""
    settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS = True
    Subscription.objects.exclude(reaction__app="webhooks").delete()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", "ada@example.org")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Puts a resolver of ours in the place of the machine's; returns the names that it is asked for."""

    def put(resolve: Resolve) -> list[str]:
        asked: list[str] = []
        real = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            try:
                ip_address(host)
            except ValueError:
                asked.append(host)
                return [found for address in resolve(host) for found in real(address, port, *args, **options)]
            return real(host, port, *args, **options)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return put


def intent(url: str) -> SendIntent:
    return SendIntent(
        order_id=uuid4(),
        webhook_id=uuid4(),
        endpoint_id=uuid4(),
        round=1,
        message_id="msg",
        url=url,
        body="{}",
        secrets=(SECRET,),
    )


def placed(customer: User, order_id: UUID | None = None) -> OrderPlaced:
    return OrderPlaced(
        order_id=order_id or uuid4(),
        number="ORD-2026-000001",
        customer_id=customer.pk,
        customer_email=customer.email,
        lines=(OrderedLine(sku="MUG", name="Blue mug", quantity=2, unit_price=PRICE, total=PRICE),),
        total=PRICE,
        payment_method="pm_card_ok",
        ship_to=HOME,
        sandbox=True,
    )


def happen(*events: Event, until_quiet: bool = True) -> None:
    """Publishes the events, and lets everything that is due follow."""
    with transaction.atomic():
        publish(*events)
    if until_quiet:
        run_until_quiet()


def add(owner: User, receiver: Receiver) -> Endpoint:
    return services.add_endpoint(owner=owner, url=receiver.url, event_types=[])


def let_time_pass() -> None:
    """Whatever waits is due, and whoever rests has rested."""
    Endpoint.objects.exclude(rests_until=None).update(rests_until=Now())
    make_due()
    run_until_quiet()


@pytest.fixture
def api(ada: User) -> Client:
    return client_of(ada)


@pytest.fixture
def post(api: Client) -> Post:
    return lambda path="", body=None, key=None: post_as(api, path, body, key)


def post_as(client: Client, path: str, body: object = None, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return client.post(f"{URL}{path}", body or {}, content_type="application/json", headers=headers)
