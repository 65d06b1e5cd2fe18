"""What localstripe has charged and given back, asked for by the tests themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from uuid import UUID, uuid4

from payments.models import Payment
from tests.payments_stripe.conftest import WEBHOOK_SECRET


def charges(company: int, order_id: UUID) -> list[tuple[int, int]]:
    """Returns the charges that have succeeded for this order: what was taken, and what of it was given back."""
    key = Payment.objects.get(order_id=order_id).idempotency_key
    intents = [one for one in _all(company, "payment_intents") if one["metadata"].get("murmuration_key") == key]
    taken = [one["latest_charge"] for one in intents if one["latest_charge"]]
    return [(one["amount"], one["amount_refunded"]) for one in taken if one["status"] == "succeeded"]


def intents(company: int, order_id: UUID) -> list[str]:
    """Returns the states of the intents that were opened for this order."""
    key = Payment.objects.get(order_id=order_id).idempotency_key
    return [one["status"] for one in _all(company, "payment_intents") if one["metadata"].get("murmuration_key") == key]


@contextmanager
def send_reports_to(url: str, company: int) -> Iterator[None]:
    """While inside, localstripe reports what it has charged to this address; after it, to nobody."""
    name = uuid4().hex
    _configure(company, name, url, ["payment_intent.succeeded"])
    try:
        yield
    finally:
        _configure(company, name, url, [])


def _configure(company: int, name: str, url: str, events: list[str]) -> None:
    connection = HTTPConnection("127.0.0.1", company, timeout=30)
    hook = json.dumps({"url": url, "secret": WEBHOOK_SECRET, "events": events})
    connection.request("POST", f"/_config/webhooks/{name}", hook, {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


def _all(company: int, kind: str) -> list[dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", company, timeout=30)
    connection.request("GET", f"/v1/{kind}?limit=10000", headers={"Authorization": "Bearer sk_test_of_the_tests"})
    rows: list[dict[str, Any]] = json.loads(connection.getresponse().read())["data"]
    connection.close()
    return rows
