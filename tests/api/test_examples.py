"""The examples of whole bodies in the OpenAPI document are what the API answers with."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.test import Client
from jsonschema import Draft202012Validator, ValidationError

from api.examples import exemplify, known_examples
from payments.serializers import PartState

# Whose answers have to be shown; there may be more.
SHOWN = {
    "PlacedOrder", "OrderInDetail", "OrderPage", "CancellationState", "History", "FeedPage",
    "PaymentState", "PartState", "ShownEndpoint", "EndpointWithSecret", "EndpointPage",
}  # fmt: skip


@pytest.fixture
def document(client: Client) -> Any:
    return client.get("/schema", headers={"Accept": "application/json"}).json()


def examples(document: Any) -> dict[str, Any]:
    """The examples of successful answers, by the names of their kinds."""
    contents = [
        content
        for operations in document["paths"].values()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if status < "400"
        for content in response.get("content", {}).values()
    ]
    return {
        content["schema"]["$ref"].rpartition("/")[2]: content["example"] for content in contents if "example" in content
    }


def test_each_has_the_shape_that_its_schema_says_and_every_field_of_it(document: Any) -> None:
    found = examples(document)
    assert found.keys() >= SHOWN
    for name, example in found.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(example)
        assert set(example) <= set(document["components"]["schemas"][name]["properties"])


def test_the_validator_sees_what_is_wrong(document: Any) -> None:
    schema = {"$ref": "#/components/schemas/PartState", "components": document["components"]}
    wrong = examples(document)["PartState"] | {"amount": {"amount": "5", "currency": "EUR"}}
    with pytest.raises(ValidationError):
        Draft202012Validator(schema).validate(wrong)


def test_what_is_not_of_its_kind_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.examples._examples", {})
    exemplify(PartState, {"id": "1"})
    with pytest.raises(msgspec.ValidationError):
        known_examples()
