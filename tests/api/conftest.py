"""A customer with a token, a price list, and the body of an order that nobody could refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from api.tokens import make_service_token, make_token
from orders.models import Product
from tests.api.servers import GUNICORN, serving

Body = dict[str, Any]
Place = Callable[..., Any]


@pytest.fixture(scope="session")
def port(django_db_setup: None) -> Iterator[int]:
    """gunicorn as `make run` starts it, on the tests' database."""
    with serving(GUNICORN) as port:
        yield port


@pytest.fixture
def customer(db: None) -> User:
    return User.objects.create_user("ada", "ada@example.org", "secret")


@pytest.fixture
def api(customer: User) -> Client:
    """The API as the customer sees it."""
    return client_of(customer)


@pytest.fixture
def stranger(db: None) -> Client:
    """The API as somebody else sees it."""
    return client_of(User.objects.create_user("eve", "eve@example.org", "secret"))


@pytest.fixture
def price_list(db: None) -> None:
    Product.objects.bulk_create(
        [
            Product(sku="MUG-BLUE", name="Blue mug", unit_price=1250),
            Product(sku="TEA-GREEN", name="Green tea", unit_price=999),
            Product(sku="OLD-POT", name="Old pot", unit_price=100, active=False),
            Product(sku="US-MUG", name="American mug", unit_price=1000, currency="USD"),
            Product(sku="CASTLE", name="Castle", unit_price=10_000_000_000),
        ]
    )


@pytest.fixture
def body() -> Body:
    return order_body()


@pytest.fixture
def place(api: Client, price_list: None) -> Place:
    """Places an order for the customer: `place(body, key=...)`; both may be left out."""
    return lambda body=None, key=None: post_order(api, body or order_body(), key or str(uuid4()))


def staff(name: str, *permissions: str) -> Client:
    """The API as a member of the staff sees it who has these permissions."""
    user = User.objects.create_user(name, f"{name}@example.org", "secret", is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return client_of(user)


def service(name: str, *scopes: str) -> Client:
    """The API as a service sees it whose token has these scopes."""
    return client_with(make_service_token(name=name, scopes=scopes, lifetime=timedelta(days=1))[0])


def client_of(user: User) -> Client:
    return client_with(make_token(user)[0])


def client_with(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def order_body() -> Body:
    return {
        "lines": [{"sku": "MUG-BLUE", "quantity": 2}, {"sku": "TEA-GREEN", "quantity": 1}],
        "payment_method": "pm_card_ok",
        "ship_to": {
            "recipient": "Ada Lovelace",
            "lines": ["12 St James's Square"],
            "locality": "London",
            "postal_code": "SW1Y 4JH",
            "country": "GB",
        },
    }


def post_order(client: Client, body: Any, key: str) -> Any:
    return client.post("/api/v1/orders", body, content_type="application/json", headers={"Idempotency-Key": key})
