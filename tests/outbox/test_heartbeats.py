"""A worker's signs of life, on a connection of their own."""

from __future__ import annotations

import pytest
from django.db import connection

from outbox.heartbeats import WorkerHeart
from outbox.models import Heartbeat
from tests.outbox.threads import eventually, somebody_else

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_heart_stops_although_the_database_was_restarted_since() -> None:
    heart = WorkerHeart(["toy"])
    heart.start()
    eventually(Heartbeat.objects.exists)
    with connection.cursor() as cursor, somebody_else() as other:
        cursor.execute("SELECT pg_backend_pid()")
        other.execute("SELECT pg_terminate_backend(%s, 5000)", cursor.fetchone())
        heart.stop()
    connection.close()
    assert not heart.is_alive()
    assert not Heartbeat.objects.exists()
