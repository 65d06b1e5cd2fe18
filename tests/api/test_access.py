"""Who may do what: every role at every endpoint, with what is their own and what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from api.access import SCOPES
from inventory.services import set_stock
from outbox.testing import run_until_quiet
from payments.models import Payment
from shipping.models import Shipment
from tests.api.conftest import Place, client_of, order_body, service, staff
from tests.api.endpoint_routes import ENDPOINT_ROUTES, NOBODYS
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db(transaction=True)


class Things(NamedTuple):
    """What the routes name: things of an order that `ada` has placed, and that has shipped."""

    order: str
    payment: str
    shipment: str


ROLES: dict[str, Callable[[], Client]] = {
    "nobody": Client,
    "owner": lambda: client_of(User.objects.get(username="ada")),
    "another customer": lambda: client_of(User.objects.create_user("eve", "eve@example.org", "secret")),
    "staff without permissions": lambda: staff("bob"),
    "support": lambda: staff(
        "sue", "orders.view_order", "outbox.view_event", "payments.view_payment", "shipping.view_shipment"
    ),
    "warehouse": lambda: staff("wim", "inventory.view_stock", "inventory.add_adjustment"),
    "cashier": lambda: staff("cas", "payments.view_payment", "payments.refund"),
    "canceller": lambda: staff("can", "orders.request_cancel"),
    **{f"service {scope}": lambda scope=scope: service("till", scope) for scope in SCOPES},  # type: ignore[misc]
    "service of another kind": lambda: service("till", "shipping:write"),
}
SERVICES = [f"service {scope}" for scope in SCOPES]
USERS = ["owner", "another customer", "staff without permissions", "support", "warehouse", "cashier", "canceller"]
EVERYBODY = dict.fromkeys([*USERS, *SERVICES, "service of another kind"], 403)


class Route(NamedTuple):
    method: str
    path: str
    body: Any
    # The status for each role; who is not named gets 401 as nobody, and 403 as anybody else.
    answers: dict[str, int]


OWN_AND_SEEN = {
    **dict.fromkeys(USERS, 404),
    "owner": 200,
    "support": 200,
    "service orders:read": 200,
}
HEARERS = [*USERS, "service events:read"]
ROUTES = {
    "list tokens": Route("GET", "/tokens", None, dict.fromkeys(USERS, 200)),
    "revoke a token": Route("DELETE", "/tokens/mur_00000000000", None, dict.fromkeys(USERS, 404)),
    "list orders": Route("GET", "/orders", None, {**dict.fromkeys(USERS, 200), "service orders:read": 200}),
    "list by attention": Route(
        "GET", "/orders?attention=money_owed", None, {"support": 200, "service orders:read": 200}
    ),
    "list of a customer": Route("GET", "/orders?customer=1", None, {"support": 200, "service orders:read": 200}),
    "place": Route("POST", "/orders", order_body(), {**dict.fromkeys(USERS, 201), "service orders:write": 201}),
    "look": Route("GET", "/orders/{order}", None, OWN_AND_SEEN),
    "look at none": Route("GET", f"/orders/{NOBODYS}", None, {**dict.fromkeys(USERS, 404), "service orders:read": 404}),
    "cancel": Route(
        "POST",
        "/orders/{order}/cancellation",
        {},
        {**dict.fromkeys(USERS, 404), "owner": 409, "support": 403, "canceller": 409, "service orders:write": 409},
    ),
    "look at a cancellation": Route(
        "GET", "/orders/{order}/cancellation", None, {**dict.fromkeys(USERS, 404), "service orders:read": 404}
    ),
    "follow": Route(
        "GET",
        "/orders/{order}/events",
        None,
        {**dict.fromkeys(USERS, 404), "owner": 200, "support": 200, "service events:read": 200},
    ),
    "stream": Route(
        "GET",
        "/orders/{order}/events/stream",
        None,
        {**dict.fromkeys(USERS, 404), "owner": 406, "support": 406, "service events:read": 406},
    ),
    "feed": Route("GET", "/events", None, {"support": 200, "service events:read": 200}),
    "list skus": Route("GET", "/inventory/skus", None, {**dict.fromkeys(USERS, 200), "service inventory:write": 200}),
    "look at a sku": Route(
        "GET", "/inventory/skus/MUG-BLUE", None, {**dict.fromkeys(USERS, 200), "service inventory:write": 200}
    ),
    "adjust": Route(
        "POST",
        "/inventory/adjustments",
        {"sku": "MUG-BLUE", "delta": 1, "expected_on_hand": 0, "reason": "counted"},
        {"warehouse": 409, "service inventory:write": 409},
    ),
    "look at a payment": Route(
        "GET", "/payments/{payment}", None, {"support": 200, "cashier": 200, "service payments:refund": 200}
    ),
    "refund": Route("POST", "/payments/{payment}/refunds", {}, {"cashier": 422, "service payments:refund": 422}),
    "look at a refund": Route(
        "GET",
        f"/payments/{{payment}}/refunds/{NOBODYS}",
        None,
        {"support": 404, "cashier": 404, "service payments:refund": 404},
    ),
    "look at a shipment": Route(
        "GET",
        "/shipments/{shipment}",
        None,
        {"support": 200, "service shipping:write": 200, "service of another kind": 200},
    ),
    **{
        f"{method} {path}": Route(method, path, None if method == "GET" else {}, dict.fromkeys(HEARERS, found))
        for path, methods in ENDPOINT_ROUTES.items()
        for method, found in methods.items()
    },
}


LISTED = list(ROUTES.values())


@pytest.fixture
def things(place: Place) -> Things:
    set_stock(levels={"MUG-BLUE": 100, "TEA-GREEN": 100})
    order = place().json()["id"]
    run_until_quiet()
    payment, shipment = Payment.objects.get(order_id=order), Shipment.objects.get(order_id=order)
    return Things(order, str(payment.pk), str(shipment.pk))


@pytest.mark.parametrize("name", ROUTES)
def test_every_role_gets_what_the_matrix_says(things: Things, name: str) -> None:
    route = ROUTES[name]
    wanted = {"nobody": 401} | EVERYBODY | route.answers
    assert {role: _asked(role, route, things) for role in ROLES} == wanted


def _asked(role: str, route: Route, things: Things) -> int:
    client = ROLES[role]()
    path = f"/api/v1{route.path}".format(**things._asdict())
    response = client.generic(
        route.method,
        path,
        "" if route.body is None else json.dumps(route.body),
        "application/json",
        headers={"Idempotency-Key": str(uuid4()), "Accept": "*/*"},
    )
    User.objects.exclude(username="ada").filter(orders=None).delete()
    return response.status_code


def test_the_matrix_has_every_route_of_the_document(client: Client) -> None:
    paths = client.get("/schema", headers={"Accept": "application/json"}).json()["paths"]
    documented = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    left_out = {(method, path) for method, path in documented if not any(_is(route, method, path) for route in LISTED)}
    assert left_out == {
        ("POST", "/api/v1/tokens"),  # asks for a password, and has tests of its own
        ("POST", "/api/v1/carrier-callbacks/sandbox"),  # the signature decides
        ("POST", "/api/v1/payment-callbacks/sandbox"),
        ("POST", "/api/v1/payment-callbacks/stripe"),
    }


def _is(route: Route, method: str, path: str) -> bool:
    pattern = re.sub(r"\{\w+\}", "[^/]+", path)
    return route.method == method and re.fullmatch(pattern, f"/api/v1{route.path.partition('?')[0]}") is not None


def test_staff_see_whose_order_it_is_and_customers_do_not(things: Things, api: Client) -> None:
    path = f"/api/v1/orders/{things.order}"
    assert "for_staff" not in api.get(path).json()
    shown = staff("sue", "orders.view_order").get(path).json()["for_staff"]
    assert (shown["customer_email"], shown["attention"]) == ("ada@example.org", [])


def test_staff_see_the_whole_event_and_customers_what_they_are_told(things: Things, api: Client) -> None:
    path = f"/api/v1/orders/{things.order}/events"
    told = api.get(path).json()["data"]
    whole = staff("sue", "outbox.view_event").get(path).json()["data"]
    assert len(whole) > len(told)
    assert not any("envelope" in event for event in told)
    placed = whole[0]
    assert placed["payload"]["customer_email"] == "ada@example.org"
    assert placed["envelope"]["actor"] == "user:ada"
    assert {entry["reaction"] for entry in placed["envelope"]["deliveries"]} >= {"inventory.reserve_stock"}
