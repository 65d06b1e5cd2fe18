"""publish(): if and only if the transaction commits; an envelope that says why; a record that nobody can change."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from outbox import TransactionRequired, publish
from outbox.causes import Cause, caused_by
from outbox.history import history_of
from outbox.models import Event as EventRow
from outbox.models import PendingEvent
from tests.outbox.rings import execute, ring
from tests.outbox.threads import elsewhere, eventually, somebody_else
from tests.toy.events import Rung


class RolledBack(Exception):
    """The change that the event reports did not happen."""


def publish_and_roll_back(event: Rung) -> None:
    with transaction.atomic():
        publish(event)
        raise RolledBack


@pytest.mark.django_db
class TestOutsideATransaction:
    def test_publish_refuses_and_the_tests_own_transaction_does_not_count(self) -> None:
        assert connection.in_atomic_block  # the one that the test case has opened
        with pytest.raises(TransactionRequired, match=r"atomic\(\)"):
            publish(Rung(order_id=uuid4()))
        assert not EventRow.objects.exists()

    def test_a_transaction_that_has_ended_does_not_count(self) -> None:
        with transaction.atomic():
            pass
        with pytest.raises(TransactionRequired):
            publish(Rung(order_id=uuid4()))


@pytest.mark.django_db(transaction=True)
class TestTheTransactionDecides:
    def test_publish_refuses_without_one(self) -> None:
        with pytest.raises(TransactionRequired):
            publish(Rung(order_id=uuid4()))

    def test_others_see_the_event_and_its_mark_once_it_has_committed_and_not_before(self) -> None:
        with somebody_else() as other:
            other.autocommit = True
            counts = "SELECT (SELECT count(*) FROM outbox_event), (SELECT count(*) FROM outbox_pendingevent)"
            with transaction.atomic():
                publish(Rung(order_id=uuid4()))
                assert other.execute(counts).fetchone() == (0, 0)
            assert other.execute(counts).fetchone() == (1, 1)

    def test_what_is_rolled_back_was_never_published(self) -> None:
        with pytest.raises(RolledBack):
            publish_and_roll_back(Rung(order_id=uuid4()))
        assert not EventRow.objects.exists()
        assert not PendingEvent.objects.exists()

    def test_a_savepoint_that_is_rolled_back_takes_only_its_own_events_along(self) -> None:
        kept, lost = Rung(order_id=uuid4()), Rung(order_id=uuid4())
        with transaction.atomic():
            publish(kept)
            with pytest.raises(RolledBack):
                publish_and_roll_back(lost)
        assert [event.order_id for event in EventRow.objects.all()] == [kept.order_id]

    def test_the_relay_is_woken_after_the_commit_and_not_before(self) -> None:
        with somebody_else() as other:
            other.autocommit = True
            other.execute("LISTEN outbox")
            with transaction.atomic():
                publish(Rung(order_id=uuid4()))
                assert list(other.notifies(timeout=0)) == []
            assert [hint.channel for hint in other.notifies(timeout=5, stop_after=1)] == ["outbox"]

    def test_a_history_that_is_read_by_position_skips_no_late_commit(self) -> None:
        order_id = uuid4()

        def overtake() -> list[EventRow]:
            with transaction.atomic():
                publish(Rung(order_id=order_id, note="overtakes"))
            return history_of(order_id)

        with transaction.atomic():
            publish(Rung(order_id=order_id, note="starts first"))
            assert elsewhere(overtake) == []  # held back, for a reader would go on after it and never look back
        eventually(lambda: len(history_of(order_id)) == 2)  # other databases of the server have transactions too
        assert [event.payload["note"] for event in history_of(order_id)] == ["starts first", "overtakes"]


@pytest.mark.django_db
class TestTheEnvelope:
    def test_names_plain_code_when_nobody_has_said_why(self) -> None:
        ring("")
        event = EventRow.objects.get()
        assert (event.cause_kind, event.cause_id, event.producer, event.actor) == ("system", "", "code", "")
        assert event.traceparent.startswith("00-")

    def test_takes_cause_producer_actor_and_trace_from_the_context(self) -> None:
        request = Cause(kind="request", id="r-1", producer="POST /x", actor="mo", traceparent="00-a-b-01")
        with caused_by(request):
            ring("")
        event = EventRow.objects.get()
        given = Cause(
            kind="request", id=event.cause_id, producer=event.producer, actor=event.actor, traceparent=event.traceparent
        )
        assert (event.cause_kind, given) == ("request", request)

    def test_the_context_ends_with_its_block(self) -> None:
        with caused_by(Cause(kind="request", id="r-1")):
            pass
        ring("")
        assert EventRow.objects.get().cause_kind == "system"

    def test_holds_the_payload_under_the_name_on_the_wire(self) -> None:
        (order,) = ring("hello")
        event = EventRow.objects.get()
        assert (event.name, event.version, event.order_id) == ("toy.Rung", 1, order)
        assert event.payload == {"order_id": str(order), "note": "hello"}
        assert event.also_needed == []

    def test_ids_are_uuid_7_and_sort_as_the_positions_do(self) -> None:
        for _ in range(3):
            ring(*[""] * 20)
        events = EventRow.objects.order_by("position")
        assert {event.id.version for event in events} == {7}
        assert [event.id for event in events] == sorted(event.id for event in events)

    def test_the_transaction_is_recorded(self) -> None:
        ring("")
        with connection.cursor() as cursor:
            cursor.execute("SELECT xid = pg_current_xact_id() FROM outbox_event")
            assert cursor.fetchone() == (True,)

    @pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["NUL", "lone surrogate"])
    def test_text_that_the_database_cannot_hold_is_refused_when_it_is_written(self, text: str) -> None:
        with pytest.raises((DatabaseError, UnicodeEncodeError)), transaction.atomic():
            publish(Rung(order_id=uuid4(), note=text))
        assert not EventRow.objects.exists()


@pytest.mark.django_db
class TestEventsAreImmutable:
    @pytest.mark.parametrize("change", ["UPDATE outbox_event SET name = 'toy.Forged'", "DELETE FROM outbox_event"])
    def test_the_database_refuses(self, change: str) -> None:
        ring("")
        with pytest.raises(IntegrityError, match="events are immutable"), transaction.atomic():
            execute(change)
        assert EventRow.objects.get().name == "toy.Rung"

    def test_except_while_maintenance_says_so_for_its_own_transaction(self) -> None:
        ring("")
        execute("SET LOCAL outbox.maintenance = 'on'")
        execute("""UPDATE outbox_event SET payload = '{"scrubbed": true}'""")
        assert EventRow.objects.get().payload == {"scrubbed": True}
        execute("DELETE FROM outbox_event")
        assert not EventRow.objects.exists()
