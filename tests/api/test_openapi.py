"""The OpenAPI document and its page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema


@pytest.fixture
def document(client: Client) -> Any:
    response = client.get("/schema", headers={"Accept": "application/json"})
    assert response.status_code == 200
    return json.loads(response.content)


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)  # type: ignore[no-untyped-call]
    assert not GENERATOR_STATS


def test_the_document_lists_every_endpoint(document: Any) -> None:
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == {
        ("/api/v1/tokens", "get"),
        ("/api/v1/tokens", "post"),
        ("/api/v1/tokens/{key}", "delete"),
        ("/api/v1/events", "get"),
        ("/api/v1/inventory/skus", "get"),
        ("/api/v1/inventory/skus/{sku}", "get"),
        ("/api/v1/inventory/adjustments", "post"),
        ("/api/v1/payments/{payment_id}", "get"),
        ("/api/v1/payments/{payment_id}/refunds", "post"),
        ("/api/v1/payments/{payment_id}/refunds/{refund_id}", "get"),
        ("/api/v1/shipments/{shipment_id}", "get"),
        ("/api/v1/orders/{order_id}/events/stream", "get"),
        ("/api/v1/orders", "get"),
        ("/api/v1/orders", "post"),
        ("/api/v1/orders/{order_id}", "get"),
        ("/api/v1/orders/{order_id}/cancellation", "get"),
        ("/api/v1/orders/{order_id}/cancellation", "post"),
        ("/api/v1/orders/{order_id}/events", "get"),
        ("/api/v1/carrier-callbacks/sandbox", "post"),
        ("/api/v1/payment-callbacks/sandbox", "post"),
        ("/api/v1/payment-callbacks/stripe", "post"),
        ("/api/v1/webhook-endpoints", "get"),
        ("/api/v1/webhook-endpoints", "post"),
        ("/api/v1/webhook-endpoints/{endpoint_id}", "get"),
        ("/api/v1/webhook-endpoints/{endpoint_id}", "patch"),
        ("/api/v1/webhook-endpoints/{endpoint_id}", "delete"),
        ("/api/v1/webhook-endpoints/{endpoint_id}/rotate-secret", "post"),
        ("/api/v1/webhook-endpoints/{endpoint_id}/ping", "post"),
        ("/api/v1/webhook-endpoints/{endpoint_id}/deliveries", "get"),
        ("/api/v1/webhook-endpoints/{endpoint_id}/deliveries/{webhook_id}", "get"),
        ("/api/v1/webhook-endpoints/{endpoint_id}/deliveries/{webhook_id}/redeliver", "post"),
    }


def test_the_document_says_what_the_parser_enforces(document: Any) -> None:
    line = document["components"]["schemas"]["WantedLine"]
    assert line["additionalProperties"] is False
    assert line["required"] == ["sku", "quantity"]
    assert line["properties"]["quantity"] == {"type": "integer", "minimum": 1, "maximum": 999}
    assert line["properties"]["sku"]["pattern"] == "^[A-Z0-9][A-Z0-9._-]{0,63}$"


def test_whoever_places_an_order_needs_a_token_and_a_key(document: Any) -> None:
    operation = document["paths"]["/api/v1/orders"]["post"]
    assert operation["security"] == [{"bearer": []}]
    assert [p["name"] for p in operation["parameters"] if p.get("required")] == ["Idempotency-Key"]
    assert "unknown-sku" in operation["responses"]["422"]["$ref"]


def test_the_page_asks_no_other_host_and_runs_no_inline_script(client: Client) -> None:
    page = client.get("/docs", headers={"Accept": "text/html"}).content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
    assert client.get("/docs?script=").headers["Content-Type"] == "application/javascript"
