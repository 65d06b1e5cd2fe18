"""/healthz and /readyz."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client

from orders.events import OrderCancelled
from outbox import publish
from outbox.testing import run_until_quiet


def test_a_process_that_answers_is_alive_whatever_the_database_does(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_process_that_reaches_the_database_is_ready_and_says_how_far_the_relay_is_behind(client: Client) -> None:
    assert client.get("/readyz").json() == {"database": "answers", "relay_lag_seconds": 0}
    with transaction.atomic():
        publish(OrderCancelled(order_id=uuid4(), reason="customer"))
    assert client.get("/readyz").json()["relay_lag_seconds"] > 0
    run_until_quiet()
    assert client.get("/readyz").json()["relay_lag_seconds"] == 0


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    response = client.get("/readyz")
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert b"nowhere" not in response.content
