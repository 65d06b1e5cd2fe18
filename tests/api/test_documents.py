"""The committed documents: fresh, sound, and not to be broken unawares."""

from __future__ import annotations

import copy
import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import yaml
from django.test import Client
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from api.documents import ASYNCAPI, OPENAPI, breaking
from orders.events import OrderCancelled

COMMITTED = OPENAPI.read_text()
PARSED = yaml.load(COMMITTED, Loader=yaml.CSafeLoader)


def changed(change: Any) -> list[str]:
    """What would break if the committed document were changed so."""
    document = copy.deepcopy(PARSED)
    change(document["paths"], document["components"]["schemas"])
    return breaking(COMMITTED, json.dumps(document))


def test_nothing_breaks_when_nothing_changes() -> None:
    assert breaking(COMMITTED, COMMITTED) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda paths, _: paths.pop("/api/v1/events"), "GET /api/v1/events is gone"),
        (lambda paths, _: paths["/api/v1/orders"].pop("post"), "POST /api/v1/orders is gone"),
        (
            lambda paths, _: paths["/api/v1/orders"]["post"]["responses"].pop("201"),
            "POST /api/v1/orders no longer answers 201",
        ),
        (
            lambda paths, _: paths["/api/v1/events"]["get"]["parameters"].append({"name": "shop", "required": True}),
            "GET /api/v1/events now needs shop",
        ),
        (
            lambda paths, _: paths["/api/v1/orders"]["get"]["parameters"].pop(0),
            "GET /api/v1/orders no longer takes",
        ),
        (lambda _, structs: structs["PlacedOrder"]["properties"].pop("number"), "PlacedOrder.number is gone"),
        (
            lambda _, structs: structs["PlacedOrder"]["properties"].update(number={"type": "integer"}),
            "PlacedOrder.number is another type",
        ),
        (
            lambda _, structs: structs["PlacedOrder"]["required"].remove("number"),
            "PlacedOrder.number may now be missing",
        ),
        (lambda _, structs: structs["ShipTo"]["required"].append("postal_code"), "ShipTo.postal_code is now needed"),
    ],
)
def test_what_a_client_would_miss_is_said(change: Any, said: str) -> None:
    assert any(line.startswith(said) for line in changed(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda paths, _: paths.update({"/api/v1/news": {"get": {"responses": {}}}}),
        lambda paths, _: paths["/api/v1/events"]["get"]["parameters"].append({"name": "shop"}),
        lambda _, structs: structs["PlacedOrder"]["properties"].update(colour={"type": "string"}),
        lambda _, structs: structs["ShipTo"]["properties"].update(colour={"type": "string"}),
    ],
)
def test_what_is_only_added_breaks_nobody(change: Any) -> None:
    assert changed(change) == []


class TestAsyncApi:
    def document(self) -> Any:
        return json.loads(ASYNCAPI.read_text())

    def test_is_served(self, client: Client) -> None:
        served = client.get("/asyncapi.json").json()
        assert served["asyncapi"] == "3.0.0"
        assert self.document()["channels"].keys() <= served["channels"].keys()

    def test_refers_to_nothing_that_is_not_there(self) -> None:
        document = self.document()
        references = set(_references(document))
        assert references
        for reference in references:
            found: Any = document
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]

    def test_describes_events_as_they_are(self) -> None:
        document = self.document()
        payload = document["components"]["messages"]["orders.OrderCancelled"]["payload"]
        validator = Draft202012Validator({**payload, "components": document["components"]})
        event = msgspec.to_builtins(OrderCancelled(order_id=uuid4(), reason="customer"))
        validator.validate(event)
        with pytest.raises(ValidationError):
            validator.validate({**event, "reason": "weather"})

    def test_names_who_receives_what(self) -> None:
        operation = self.document()["operations"]["inventory.reserve_stock receives orders.OrderPlaced"]
        assert operation["action"] == "receive"
        assert operation["channel"] == {"$ref": "#/channels/orders.OrderPlaced"}


def _references(node: Any) -> Any:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
