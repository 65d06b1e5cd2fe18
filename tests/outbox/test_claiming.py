"""Claiming: never more open dispatches than credit, one event an order, and nothing sent before it has committed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Count, F
from django.db.models.functions import Now
from pytest_django import Settings

from outbox import publish
from outbox.conf import conf
from outbox.models import Delivery, Dispatch
from outbox.models import Reaction as ReactionRow
from outbox.relay.claim import CLAIM, claim
from outbox.relay.fan_out import fan_out
from tests.outbox.conftest import Only
from tests.outbox.rings import relay, ring
from tests.outbox.threads import elsewhere, somebody_else, together
from tests.toy.events import Rung


def ring_again(order: UUID) -> None:
    with transaction.atomic():
        publish(Rung(order_id=order))


def tune(reaction: str = "toy.echo", **settings: Any) -> None:
    ReactionRow.objects.filter(pk=reaction).update(**settings)


def sizes() -> list[int]:
    return list(Dispatch.objects.order_by("id").values_list("size", flat=True))


@pytest.mark.django_db
class TestABatch:
    def test_takes_everything_that_is_due(self, echo_alone: None) -> None:
        ring(*[""] * 30)
        (message,) = relay()
        dispatch = Dispatch.objects.get()
        assert (message.dispatch, message.reaction, message.queue) == (dispatch.pk, "toy.echo", "toy")
        assert (dispatch.size, dispatch.started, dispatch.careful, dispatch.closed_at) == (30, 0, False, None)
        assert Delivery.objects.filter(state="dispatched", dispatch=dispatch).count() == 30

    def test_is_at_most_the_reactions_batch_size_and_the_oldest_go_first(self, echo_alone: None) -> None:
        tune(batch_size=3)
        orders = ring(*[""] * 5)
        relay()
        assert sizes() == [3]
        taken = Delivery.objects.filter(state="dispatched").order_by("event").values_list("order_id", flat=True)
        assert list(taken) == orders[:3]

    def test_holds_one_event_of_an_order_and_the_oldest(self, echo_alone: None) -> None:
        (order,) = ring("")
        ring_again(order)
        ring("")
        relay()
        assert sizes() == [2]
        assert list(Delivery.objects.filter(order_id=order).order_by("id").values_list("state", flat=True)) == [
            "dispatched",
            "waiting",
        ]

    def test_of_a_reaction_that_folds_holds_them_all(self, only: Only) -> None:
        only("toy.count")
        (order,) = ring("")
        ring_again(order)
        relay()
        assert sizes() == [2]

    def test_is_one_for_each_reaction(self) -> None:
        ring("", "")
        messages = relay()
        expected = {"toy.echo", "toy.join", "toy.count", "toy.ring_far_end", "toy.send_postcard"}
        assert {message.reaction for message in messages} == expected
        assert len(messages) == len(expected)
        assert {m.queue for m in messages if m.reaction == "toy.ring_far_end"} == {"toy.effects"}


@pytest.mark.django_db
class TestWhatIsNotClaimed:
    def test_nothing_when_nothing_waits(self) -> None:
        assert claim() == []

    def test_what_is_due_in_the_future(self, echo_alone: None) -> None:
        ring("")
        fan_out()
        Delivery.objects.update(due_at=Now() + timedelta(seconds=60))
        assert claim() == []
        Delivery.objects.update(due_at=Now() - timedelta(seconds=1))
        assert len(claim()) == 1

    def test_what_a_reaction_with_a_delay_hears_until_its_time_has_come(self, only: Only) -> None:
        only("toy.remember")
        tune("toy.remember")
        with transaction.atomic():
            publish(Rung(order_id=uuid4()))
        fan_out()
        assert claim() == []

    @pytest.mark.parametrize("field", [{"paused": True}, {"retired_at": Now()}], ids=["paused", "retired"])
    def test_what_is_for_a_reaction_that_does_not_run(self, echo_alone: None, field: dict[str, Any]) -> None:
        ring("")
        fan_out()
        tune(**field)
        assert claim() == []
        tune(paused=False, retired_at=None)
        assert len(claim()) == 1

    def test_what_is_beyond_the_credit_until_a_dispatch_closes(self, echo_alone: None) -> None:
        tune(batch_size=1, credit=2)
        ring("", "", "", "")
        assert [len(relay()) for _ in range(3)] == [1, 1, 0]
        first = Dispatch.objects.earliest("id")
        Dispatch.objects.filter(pk=first.pk).update(closed_at=Now())
        assert [len(claim()) for _ in range(2)] == [1, 0]

    def test_what_another_relay_has_left_no_room_for_since_this_one_looked(self, echo_alone: None) -> None:
        tune(batch_size=1, credit=1)
        ring("", "")
        relay()
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {"ready": ["toy.echo"], "lease": 5.0, "hold": 0.0})
            assert cursor.fetchall() == []
        assert sizes() == [1]

    def test_while_one_reaction_has_no_credit_left_the_others_go_on(self, only: Only) -> None:
        only("toy.echo", "toy.count")
        tune("toy.echo", credit=1)
        tune("toy.count", batch_size=1)
        assert len(ring("")) == len(relay()) - 1
        ring("")
        assert [message.reaction for message in relay()] == ["toy.count"]


@pytest.mark.django_db
class TestBesideAFreshDispatch:
    @pytest.fixture(autouse=True)
    def _fresh_for_longer_than_a_test_takes(self, settings: Settings) -> None:
        settings.OUTBOX = {**settings.OUTBOX, "hold": 60.0}

    def test_a_part_of_a_batch_is_held_back_until_that_dispatch_closes(self, echo_alone: None) -> None:
        ring("")
        relay()
        ring("", "")
        assert relay() == []
        ring("")
        Dispatch.objects.update(closed_at=Now())
        relay()
        assert sizes() == [1, 3]

    def test_a_full_batch_is_not_held_back(self, echo_alone: None) -> None:
        tune(batch_size=3)
        ring("")
        relay()
        ring("", "", "")
        relay()
        assert sizes() == [1, 3]

    def test_what_is_due_later_does_not_fill_a_batch(self, echo_alone: None) -> None:
        tune(batch_size=2)
        ring("")
        relay()
        soon, _ = ring("", "")
        fan_out()
        Delivery.objects.filter(order_id=soon).update(due_at=Now() + timedelta(seconds=60))
        assert claim() == []

    def test_nothing_is_held_back_once_that_dispatch_takes_long(self, echo_alone: None) -> None:
        ring("")
        relay()
        Dispatch.objects.update(sent_at=Now() - timedelta(seconds=conf().hold + 0.1))
        ring("")
        relay()
        assert sizes() == [1, 1]


@pytest.mark.django_db(transaction=True)
class TestSeveralRelays:
    def test_together_never_exceed_the_credit(self, echo_alone: None) -> None:
        tune(batch_size=1, credit=2)
        ring(*[""] * 120)
        fan_out()
        for number in range(30):
            claimed = together(claim, claim, claim)
            still_open = Dispatch.objects.filter(closed_at=None)
            assert still_open.count() <= 2, f"round {number}: {claimed}"
            still_open.filter(pk=still_open.earliest("id").pk).update(closed_at=Now())
        assert Dispatch.objects.count() >= 30
        assert not Dispatch.objects.annotate(n=Count("delivery")).exclude(n=F("size")).exists()

    def test_do_not_wait_for_a_reaction_that_another_one_is_claiming_for(self, only: Only) -> None:
        only("toy.echo", "toy.count")
        ring("")
        fan_out()
        with somebody_else() as other:
            other.execute("SELECT 1 FROM outbox_reaction WHERE id = 'toy.echo' FOR NO KEY UPDATE")
            assert [message.reaction for message in claim()] == ["toy.count"]
        assert [message.reaction for message in claim()] == ["toy.echo"]

    def test_leave_a_row_alone_that_somebody_holds(self, echo_alone: None) -> None:
        held, free = ring("", "")
        fan_out()
        with somebody_else() as other:
            other.execute("SELECT 1 FROM outbox_delivery WHERE order_id = %s FOR UPDATE", [held])
            claim()
        assert Delivery.objects.get(state="dispatched").order_id == free


@pytest.mark.django_db(transaction=True)
class TestTheClaimCommitsBeforeAnythingIsSent:
    def test_the_rows_of_a_message_are_there_for_everybody(self, echo_alone: None) -> None:
        ring("")
        fan_out()
        (message,) = claim()
        assert elsewhere(partial(Delivery.objects.filter(dispatch=message.dispatch).count)) == 1

    def test_a_claim_inside_a_transaction_is_refused(self) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            claim()
        assert not connection.in_atomic_block
