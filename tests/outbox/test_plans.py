"""What the relay asks for, it finds by an index: also when the statistics are from a time when everything was due."""

from __future__ import annotations

import pytest
from django.db import connection

from outbox.conf import conf
from outbox.relay.claim import CLAIM, READY

pytestmark = pytest.mark.django_db

OLD = 20_000
MANY_ARE_DUE = """
INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift)
SELECT -n, 'toy.echo', gen_random_uuid(), 'waiting', 0, clock_timestamp(), '', '' FROM generate_series(1, %s) n
"""


@pytest.fixture
def stale_statistics(echo_alone: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY_ARE_DUE, [OLD])
        cursor.execute("ANALYZE outbox_delivery")
        cursor.execute("UPDATE outbox_delivery SET state = 'done'")


@pytest.mark.usefixtures("stale_statistics")
@pytest.mark.parametrize("sql", [READY, CLAIM], ids=["ready", "claim"])
def test_a_long_history_is_not_read(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", {"hold": conf().hold, "lease": 5, "ready": ["toy.echo"]})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "delivery_waiting" in plan
    assert "Seq Scan on outbox_delivery" not in plan, plan
