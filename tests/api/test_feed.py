"""GET /api/v1/events: every event, and none of them skipped."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.events import OrderCancelled
from outbox import publish
from outbox.history import feed
from outbox.models import Event
from tests.api.conftest import Place, service
from tests.api.servers import environment

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = "SELECT nextval(pg_get_serial_sequence('outbox_event', 'position'))"


@pytest.fixture
def reader(db: None) -> Client:
    return service("reader", "events:read")


@pytest.fixture
def start(db: None) -> str:
    """Where the feed begins for this test: earlier ones have used up positions, and their events are gone."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT)
        return f"/api/v1/events?after={cursor.fetchall()[0][0]}"


def cancelled(count: int = 1) -> None:
    with transaction.atomic():
        publish(*(OrderCancelled(order_id=uuid4(), reason="customer") for _ in range(count)))


def read(client: Client, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.json()


def test_it_is_read_page_by_page_to_its_end_and_beyond(reader: Client, start: str) -> None:
    cancelled(5)
    page, positions = read(reader, f"{start}&limit=2"), []
    while page["has_more"]:
        positions += [event["position"] for event in page["data"]]
        page = read(reader, page["next"])
    positions += [event["position"] for event in page["data"]]
    assert positions == list(Event.objects.order_by("position").values_list("position", flat=True))
    cancelled()
    assert len(read(reader, page["next"])["data"]) == 1


def test_it_can_be_narrowed_down_to_names_and_to_an_order(reader: Client, start: str, place: Place) -> None:
    order = place().json()["id"]
    cancelled(2)
    placed = read(reader, f"{start}&types=orders.OrderPlaced")
    assert [event["order_id"] for event in placed["data"]] == [order]
    assert read(reader, placed["next"])["data"] == []
    assert len(read(reader, f"{start}&order_id={order}")["data"]) == 1
    both = read(reader, f"{start}&types=orders.OrderPlaced,orders.OrderCancelled")
    assert len(both["data"]) == 3


def test_an_event_that_commits_late_is_waited_for(reader: Client, start: str) -> None:
    cancelled()
    with psycopg.connect(environment()["DATABASE_URL"]) as slow:
        slow.execute(NEXT)  # as a transaction does that has published and not committed
        cancelled()
        page = read(reader, start)
        assert len(page["data"]) == 1
        slow.rollback()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE outbox_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE outbox_event SET occurred_at = occurred_at - interval '1 minute'")
        cursor.execute("ALTER TABLE outbox_event ENABLE TRIGGER USER")
    assert len(read(reader, page["next"])["data"]) == 1  # by now nobody can be that late


def test_a_page_takes_as_many_statements_as_any_other(reader: Client, start: str) -> None:
    assert read(reader, start)["data"] == []
    cancelled(30)
    with CaptureQueriesContext(connection) as captured:
        assert len(read(reader, start)["data"]) == 30
    assert len(captured) == 3  # the token, the events, their deliveries
    assert len(feed(int(start.partition("=")[2]), limit=7)) == 7


@pytest.mark.parametrize(
    "query",
    [
        "after=-1", "after=x", f"after={2**63}", "limit=0", "limit=1001", "limit=", "types=orders.Nothing", "types=",
        "order_id=1", "order_id=%00", f"order_id={UUID(int=1).hex}", "types=orders.OrderPlaced%00",
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_400(reader: Client, query: str) -> None:
    response = reader.get(f"/api/v1/events?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid-parameter")
