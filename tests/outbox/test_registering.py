"""Registering and retiring hold the fan-out: no event falls between the subscriptions as they were and as they are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from outbox import reactions as known
from outbox.models import Delivery, PendingEvent, Subscription
from outbox.models import Event as EventRow
from outbox.models import Reaction as ReactionRow
from outbox.reactions import reactions
from outbox.references import findable_fields
from outbox.relay.fan_out import FAN_OUT, fan_out
from outbox.subscriptions import hold_fan_out, register_subscriptions
from tests.outbox.conftest import Only
from tests.outbox.rings import ring, states
from tests.outbox.threads import DEADLINE, eventually, somebody_else, together

RETIRED = "older.listen"
retire = partial(call_command, "retire", RETIRED, verbosity=0)


@pytest.fixture
def older_release(only: Only) -> None:
    """A reaction that the code of this process does not have any more, and that alone is listening."""
    only()
    row = ReactionRow.objects.create(id=RETIRED, app="older", queue="older", contract={}, batch_size=10, credit=1)
    Subscription.objects.create(reaction=row, event_name="toy.Rung")


@pytest.fixture
def fan_out_under_way(transactional_db: None, older_release: None) -> Iterator[psycopg.Connection]:
    """Another relay that has fanned one event out, and has not committed yet."""
    ring("")
    with somebody_else() as relay:
        relay.execute(FAN_OUT, [10, findable_fields()])
        yield relay


def somebody_waits_for(table: str) -> bool:
    sql = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass)"
    with connection.cursor() as cursor:
        cursor.execute(sql, [table])
        return bool(cursor.fetchone()[0])


def commit_when_waited_for(other: psycopg.Connection) -> None:
    """Commits once somebody waits for the table of pending events.

    Raises:
        TimeoutError: nobody does.
    """
    eventually(lambda: somebody_waits_for("outbox_pendingevent"))
    other.commit()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("older_release")
class TestRetiring:
    def test_waits_for_a_fan_out_that_is_under_way_and_leaves_nothing_waiting(
        self, fan_out_under_way: psycopg.Connection
    ) -> None:
        together(retire, partial(commit_when_waited_for, fan_out_under_way))
        assert states(Delivery.objects.filter(reaction_id=RETIRED)) == ["orphaned"]
        assert not PendingEvent.objects.exists()

    def test_keeps_a_fan_out_waiting_that_then_knows(self) -> None:
        ring("")
        held = threading.Event()

        def retire_slowly() -> None:
            with transaction.atomic():
                hold_fan_out()
                ReactionRow.objects.filter(pk=RETIRED).update(retired_at=Now())
                held.set()
                eventually(lambda: somebody_waits_for("outbox_pendingevent"))

        def fan_out_meanwhile() -> int:
            held.wait(DEADLINE)
            return fan_out()

        assert together(retire_slowly, fan_out_meanwhile) == [None, 1]
        assert not Delivery.objects.exists()

    def test_waits_for_a_worker_without_keeping_it_from_publishing(self) -> None:
        """A worker of the older release holds its delivery, and is about to publish what it answers."""
        ring("")
        fan_out()
        with somebody_else() as worker:
            worker.execute("SELECT 1 FROM outbox_delivery FOR UPDATE")

            def publish_when_waited_for() -> None:
                eventually(lambda: somebody_waits_for_a_row())
                worker.execute("INSERT INTO outbox_pendingevent (event_id) SELECT position FROM outbox_event")
                worker.commit()

            together(retire, publish_when_waited_for)
        assert states(Delivery.objects.all()) == ["orphaned"]

    def test_of_what_is_not_there_is_refused(self) -> None:
        with pytest.raises(CommandError, match=r"No reaction is called older\.unknown"):
            call_command("retire", "older.unknown")
        with pytest.raises(CommandError, match="part of this build"):
            call_command("retire", "toy.echo")


def somebody_waits_for_a_row() -> bool:
    """Whether a transaction waits for another one to end, as whoever wants a locked row does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')")
        return bool(cursor.fetchone()[0])


def heard_by_echo() -> list[int]:
    return list(Delivery.objects.filter(reaction_id="toy.echo").order_by("event").values_list("event", flat=True))


def events_since_echo_subscribed() -> list[int]:
    since = Subscription.objects.get(reaction_id="toy.echo").since
    return list(EventRow.objects.filter(position__gt=since).order_by("position").values_list("position", flat=True))


@pytest.mark.django_db(transaction=True)
class TestRegistering:
    def test_waits_for_a_fan_out_that_is_under_way(self, fan_out_under_way: psycopg.Connection) -> None:
        together(register_subscriptions, partial(commit_when_waited_for, fan_out_under_way))
        ring("")
        fan_out()
        assert heard_by_echo() == events_since_echo_subscribed() == [EventRow.objects.latest("position").position]

    def test_waits_for_an_event_that_is_being_published(self, only: Only) -> None:
        only()
        published = threading.Event()

        def publish_slowly() -> None:
            with transaction.atomic():
                ring("late")
                published.set()
                eventually(lambda: somebody_waits_for("outbox_pendingevent"))

        def register_meanwhile() -> None:
            published.wait(DEADLINE)
            register_subscriptions()

        together(publish_slowly, register_meanwhile)
        fan_out()
        assert Subscription.objects.get(reaction_id="toy.echo").since == EventRow.objects.get().position
        assert heard_by_echo() == events_since_echo_subscribed() == []

    def test_keeps_events_waiting_so_that_none_after_its_since_is_missed(self, only: Only) -> None:
        only()
        ring("before")
        fan_out()
        registered = threading.Event()

        def register_slowly() -> None:
            with transaction.atomic():
                register_subscriptions()
                registered.set()
                eventually(lambda: somebody_waits_for("outbox_pendingevent"))

        def ring_and_fan_out_meanwhile() -> None:
            registered.wait(DEADLINE)
            ring("after")
            fan_out()

        together(register_slowly, ring_and_fan_out_meanwhile)
        assert heard_by_echo() == events_since_echo_subscribed() == [EventRow.objects.latest("position").position]


@pytest.mark.django_db
class TestRegisteringAgain:
    @pytest.mark.parametrize(
        ("after", "seconds", "field"),
        [(timedelta(minutes=5), 300, ""), ("wake_at", 0, "wake_at"), (timedelta(0), 0, "")],
    )
    def test_takes_over_a_delay_that_has_changed_and_keeps_what_was_heard(
        self, monkeypatch: pytest.MonkeyPatch, after: timedelta | str, seconds: float, field: str
    ) -> None:
        Subscription.objects.filter(reaction_id="toy.echo").update(after_seconds=7, after_field="other", since=0)
        ring("")
        monkeypatch.setitem(known._reactions, "toy.echo", replace(reactions()["toy.echo"], after=after))
        register_subscriptions()
        echo = Subscription.objects.get(reaction_id="toy.echo")
        assert (echo.after_seconds, echo.after_field, echo.since) == (seconds, field, 0)

    def test_holds_publishers_for_as_few_statements_as_it_can(self) -> None:
        # The transaction's two, the lock, the latest position, and one for each table.
        with CaptureQueriesContext(connection) as queries:
            register_subscriptions()
        assert len(queries) == 6, [query["sql"][:60] for query in queries]

    def test_leaves_a_paused_reaction_paused_and_takes_a_retired_one_up_again(self) -> None:
        ReactionRow.objects.filter(pk="toy.echo").update(paused=True, retired_at=Now(), batch_size=1)
        register_subscriptions()
        echo = ReactionRow.objects.get(pk="toy.echo")
        assert (echo.paused, echo.retired_at, echo.batch_size) == (True, None, reactions()["toy.echo"].size)
