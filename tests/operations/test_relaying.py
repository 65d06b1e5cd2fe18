"""The relay drives operations, beside its own work and never at its cost."""

from __future__ import annotations

import pytest
from celery import current_app
from django.db import connection

from outbox.models import Heartbeat
from outbox.relay.run import Relay
from tests.operations.asking import ask, outcomes, parked
from tests.operations.conftest import Only
from tests.outbox.rings import again, execute

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def echo_alone(only: Only) -> None:
    only("toy.echo")


@pytest.fixture
def relay() -> Relay:
    return Relay(current_app._get_current_object())  # type: ignore[attr-defined]


def test_each_beat_takes_the_next_step(relay: Relay) -> None:
    operation = ask("redeliver", *parked("raise@echo", "raise@echo"), canary=True)
    again()
    relay._beat_and_take_over()
    assert outcomes(operation) == ["failed_again", "stopped"]


def test_an_operation_that_cannot_go_on_holds_up_nothing_else(relay: Relay) -> None:
    operation = ask("redeliver", *parked("raise@echo", "raise@echo"), canary=True)
    execute("ALTER TABLE outbox_operationitem RENAME TO gone")
    try:
        relay._beat_and_take_over()
    finally:
        execute("ALTER TABLE gone RENAME TO outbox_operationitem")
    assert not connection.in_atomic_block
    assert Heartbeat.objects.filter(name=relay.name, note="").exists()
    assert outcomes(operation) == ["released", "planned"]
