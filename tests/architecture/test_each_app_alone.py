"""Each app lives beside `outbox` with no other: it passes the checks, migrates, and answers what it hears."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import msgspec
import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from orders.events import OrderedLine, OrderPlaced
from outbox import Event, Money
from outbox.events import event_name
from payments.events import PaymentDeclined
from tests.architecture.apps import APPS, ROOT
from tests.architecture.conftest import HOME

PROGRAM = [sys.executable, "-m", "tests.architecture.hear_one_event"]
DEADLINE = 60
PRICE = Money(amount=1_999, currency="EUR")
PLACED = OrderPlaced(
    order_id=uuid4(),
    number="ORD-2025-000001",
    customer_id=1,
    customer_email="ada@example.com",
    lines=(OrderedLine(sku="MUG", name="Blue mug", quantity=1, unit_price=PRICE, total=PRICE),),
    total=PRICE,
    payment_method="pm_card_ok",
    ship_to=HOME,
    sandbox=True,
)
DECLINED = PaymentDeclined(order_id=uuid4(), payment_id=uuid4(), attempt=1, code="insufficient_funds")


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of a new database on the server of the tests."""
    name = f"alone_{uuid4().hex[:8]}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}"))
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("app", APPS)
def test_an_app_alone_answers_what_it_hears(app: str, empty_database: str) -> None:
    event: Event = DECLINED if app == "orders" else PLACED
    environment = {
        **os.environ,
        "ALONE": app,
        "DJANGO_SETTINGS_MODULE": "tests.alone",
        "DATABASE_URL": empty_database,
        "CELERY_BROKER_URL": "",
    }
    ran = subprocess.run(
        [*PROGRAM, event_name(type(event)), msgspec.json.encode(event)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    deliveries = json.loads(ran.stdout.splitlines()[-1])
    assert event_name(type(event)) in {name for name, *_ in deliveries}
    assert {reaction.partition(".")[0] for _, reaction, *_ in deliveries} == {app}
    assert [d for d in deliveries if d[2] not in ("done", "ignored") or d[4]] == []
