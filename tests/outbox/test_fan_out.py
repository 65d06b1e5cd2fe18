"""Fan-out: by the table of subscriptions alone, once, and never past a commit that comes late."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now

from outbox import publish
from outbox.models import Delivery, PendingEvent, Subscription
from outbox.models import Event as EventRow
from outbox.models import Reaction as ReactionRow
from outbox.relay.fan_out import fan_out
from outbox.subscriptions import register_subscriptions
from tests.outbox.conftest import Only
from tests.outbox.rings import execute, ring
from tests.outbox.threads import elsewhere, somebody_else, together
from tests.toy.events import AlarmSet, Rung


def heard_by() -> set[str]:
    return set(Delivery.objects.values_list("reaction_id", flat=True))


@pytest.fixture
def newer_release() -> Subscription:
    """A reaction that the code of this process does not have."""
    row = ReactionRow.objects.create(
        id="newer.listen", app="newer", queue="newer", contract={}, batch_size=10, credit=1
    )
    return Subscription.objects.create(reaction=row, event_name="toy.Rung")


@pytest.mark.django_db
class TestTheTableDecides:
    def test_every_subscribed_reaction_gets_one_delivery(self) -> None:
        (order,) = ring("")
        assert fan_out() == 1
        assert heard_by() == {"toy.echo", "toy.join", "toy.count", "toy.ring_far_end", "toy.send_postcard"}
        assert set(Delivery.objects.values_list("order_id", "state", "attempts")) == {(order, "waiting", 0)}

    def test_a_reaction_whose_code_is_not_here_is_served(self, only: Only, newer_release: Subscription) -> None:
        only("newer.listen")
        ring("")
        fan_out()
        assert heard_by() == {"newer.listen"}

    def test_a_reaction_that_is_not_in_the_table_is_not(self, only: Only) -> None:
        only()
        ring("")
        assert fan_out() == 1
        assert heard_by() == set()

    def test_a_subscription_hears_nothing_up_to_its_since(self, newer_release: Subscription, only: Only) -> None:
        only("newer.listen")
        ring("old", "new")
        old, new = EventRow.objects.order_by("position")
        Subscription.objects.update(since=old.position)
        fan_out()
        assert list(Delivery.objects.values_list("event", flat=True)) == [new.position]

    def test_a_retired_reaction_hears_nothing(self, newer_release: Subscription, only: Only) -> None:
        only("newer.listen")
        ReactionRow.objects.filter(pk="newer.listen").update(retired_at=Now())
        ring("")
        fan_out()
        assert heard_by() == set()

    def test_registering_adds_and_takes_nothing_away(self, newer_release: Subscription) -> None:
        Subscription.objects.filter(reaction_id="toy.echo").delete()
        ring("")
        latest = EventRow.objects.get().position
        register_subscriptions()
        assert Subscription.objects.get(reaction_id="toy.echo").since == latest
        assert Subscription.objects.get(reaction_id="toy.join", event_name="toy.Rung").since == 0
        assert Subscription.objects.filter(pk=newer_release.pk).exists()


@pytest.mark.django_db
class TestWhenADeliveryIsDue:
    def test_at_once_by_default(self, echo_alone: None) -> None:
        ring("")
        fan_out()
        assert Delivery.objects.filter(due_at__lte=Now()).count() == 1

    def test_later_for_a_reaction_with_a_delay(self, only: Only) -> None:
        only("toy.echo")
        Subscription.objects.update(after_seconds=3600)
        ring("")
        fan_out()
        delivery = Delivery.objects.select_related("event").get()
        assert delivery.due_at == delivery.event.occurred_at + timedelta(hours=1)

    def test_at_the_time_in_the_event_for_a_reaction_that_waits_for_it(self) -> None:
        wake_at = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
        with transaction.atomic():
            publish(AlarmSet(order_id=uuid4(), wake_at=wake_at))
        fan_out()
        assert Delivery.objects.get(reaction_id="toy.wake").due_at == wake_at

    def test_at_once_if_the_event_names_no_time_and_the_relay_goes_on(self, only: Only) -> None:
        only("toy.echo")
        Subscription.objects.update(after_field="wake_at")
        ring("")
        assert fan_out() == 1
        delivery = Delivery.objects.select_related("event").get()
        assert delivery.due_at == delivery.event.occurred_at


@pytest.mark.django_db
class TestOnce:
    def test_a_second_fan_out_finds_nothing(self, echo_alone: None) -> None:
        ring("")
        assert [fan_out(), fan_out()] == [1, 0]
        assert Delivery.objects.count() == 1

    def test_an_event_that_is_marked_again_gets_no_second_delivery(self, echo_alone: None) -> None:
        ring("")
        fan_out()
        execute("INSERT INTO outbox_pendingevent (event_id) SELECT position FROM outbox_event")
        assert fan_out() == 1
        assert Delivery.objects.count() == 1

    def test_takes_the_oldest_up_to_its_limit(self, echo_alone: None) -> None:
        orders = ring(*[""] * 5)
        assert [fan_out(limit=3), fan_out(limit=3), fan_out(limit=3)] == [3, 2, 0]
        assert list(Delivery.objects.order_by("event").values_list("order_id", flat=True)) == orders


@pytest.mark.django_db(transaction=True)
class TestSeveralRelays:
    def test_share_the_events_without_doubling_or_losing_one(self, only: Only) -> None:
        only("toy.echo", "toy.count")
        ring(*[""] * 300)

        def drain() -> int:
            moved = 0
            while PendingEvent.objects.exists():
                moved += fan_out(limit=7)
            return moved

        assert sum(together(drain, drain, drain)) == 300
        each = Delivery.objects.values("event").annotate(n=Count("id")).values_list("n", flat=True)
        assert list(each) == [2] * 300

    def test_do_not_wait_for_what_another_one_holds(self, echo_alone: None) -> None:
        ring("", "", "")
        with somebody_else() as other:
            other.execute("SELECT 1 FROM outbox_pendingevent ORDER BY event_id LIMIT 2 FOR UPDATE")
            assert fan_out() == 1
        assert fan_out() == 2

    def test_what_commits_late_is_not_lost(self, echo_alone: None) -> None:
        def overtake() -> int:
            ring("overtakes")
            return fan_out()

        with transaction.atomic():
            late = Rung(order_id=uuid4(), note="starts first")
            publish(late)
            assert elsewhere(overtake) == 1
        assert fan_out() == 1
        late_delivery, overtaker = Delivery.objects.order_by("event")
        assert late_delivery.order_id == late.order_id
        assert late_delivery.pk > overtaker.pk

    def test_eight_writers_beside_a_running_relay_lose_nothing(self, echo_alone: None) -> None:
        writers, transactions = 8, 25
        writing = threading.Semaphore(0)

        def write() -> None:
            for number in range(transactions):
                with transaction.atomic():
                    for _ in range(1 + number % 3):
                        publish(Rung(order_id=uuid4()))
                        elsewhere_too = EventRow.objects.count()  # a round trip in which others commit
                        assert elsewhere_too >= 1
            writing.release()

        def keep_fanning_out() -> None:
            ended = 0
            while ended < writers:
                ended += writing.acquire(blocking=False)
                fan_out()
            while fan_out():
                pass

        together(keep_fanning_out, *[partial(write) for _ in range(writers)])
        events = set(EventRow.objects.values_list("position", flat=True))
        assert len(events) == writers * sum(1 + number % 3 for number in range(transactions))
        assert events == set(Delivery.objects.values_list("event", flat=True))
        assert not PendingEvent.objects.exists()
