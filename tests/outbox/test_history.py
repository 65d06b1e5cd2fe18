"""The history of an order whose events were restored from another server's dump: that one counted for itself."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import transaction

from outbox.history import history_of
from outbox.models import Event as EventRow
from tests.outbox.rings import execute, ring
from tests.outbox.threads import eventually

pytestmark = pytest.mark.django_db(transaction=True)

FAR_AHEAD = 2**60
LONG_AGO = 3


def restored(order_id: UUID, xid: int) -> None:
    """Makes the order's events those of this transaction, as loading a dump does."""
    with transaction.atomic():
        execute("SET LOCAL outbox.maintenance = 'on'")
        execute("UPDATE outbox_event SET xid = %s::text::xid8 WHERE order_id = %s", xid, order_id)


@pytest.mark.parametrize("xid", [FAR_AHEAD, LONG_AGO])
def test_what_was_restored_is_shown(xid: int) -> None:
    (order_id,) = ring("restored")
    restored(order_id, xid)
    assert [event.payload["note"] for event in history_of(order_id)] == ["restored"]


def test_what_happens_afterwards_follows_it() -> None:
    (order_id,) = ring("restored")
    restored(order_id, FAR_AHEAD)
    with transaction.atomic():
        execute("SET LOCAL outbox.maintenance = 'on'")
        (later,) = ring("later")
        execute("UPDATE outbox_event SET order_id = %s WHERE order_id = %s", order_id, later)
    assert EventRow.objects.filter(order_id=order_id).count() == 2
    eventually(lambda: len(history_of(order_id)) == 2)  # other databases of the server have transactions too
    assert [event.payload["note"] for event in history_of(order_id)] == ["restored", "later"]
