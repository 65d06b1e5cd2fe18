"""What is owed to an order, and why it does not go on: each reason, by rows as the engine leaves them."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from outbox.expectations import Expectation, Outlook, World, clock, either, look_around, outlooks, roughly, sentence
from outbox.expectations.wording import at_most
from outbox.heartbeats import beat
from outbox.models import Event, Reaction, Subscription
from tests.admin.rows import a_delivery, a_dispatch, a_failed_attempt, a_reaction, an_event, mark_pending

pytestmark = pytest.mark.django_db

CONTRACT = {"reads": {}, "emits": ["pay.Taken", "pay.Refused"], "within_s": 60.0}
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _only_these(db: None) -> None:
    """`pay.take` hears `shop.Ordered` and answers; nobody else listens to anything, and everybody is at work."""
    Subscription.objects.all().delete()
    a_reaction("pay.take", "shop.Ordered", contract=CONTRACT)
    beat("relay@here:1", "relay")
    beat("worker@here:2", "worker", ["pay", "ship"])


@pytest.fixture
def ordered() -> Event:
    return an_event("shop.Ordered", order_id=uuid4(), occurred_at=timezone.now() - 10 * SECOND)


@pytest.fixture
def take() -> Reaction:
    return Reaction.objects.get(pk="pay.take")


def outlook(order_id: UUID, **world: Any) -> Outlook:
    return outlooks([order_id], dataclasses.replace(look_around(), **world))[order_id]


def owed(event: Event, **world: Any) -> Expectation:
    """The one thing that is owed to the event's order."""
    (one,) = outlook(event.order_id, **world).expectations
    return one


def waiting(event: Event, take: Reaction, **given: Any) -> None:
    a_delivery(event, take, **{"state": "waiting", "dispatch": None, **given})


class TestADelivery:
    def test_owes_an_event_of_its_contract_from_its_event_on(self, ordered: Event, take: Reaction) -> None:
        waiting(ordered, take)
        one = owed(ordered)
        assert (one.app, one.reaction, one.emits) == ("pay", "pay.take", ["pay.Taken", "pay.Refused"])
        assert (one.since, one.due_by) == (ordered.occurred_at, ordered.occurred_at + 60 * SECOND)
        assert (one.overdue, one.needs_somebody) == (None, False)
        assert one.why == "The relay is about to hand it to a worker."

    def test_is_overdue_when_the_time_of_its_contract_is_over(self, ordered: Event, take: Reaction) -> None:
        waiting(ordered, take)
        assert owed(ordered, now=ordered.occurred_at + 90 * SECOND).overdue == 30 * SECOND

    @pytest.mark.parametrize("state", ["ignored", "skipped"])
    def test_that_is_closed_owes_nothing(self, ordered: Event, take: Reaction, state: str) -> None:
        a_delivery(ordered, take, state=state)
        assert outlook(ordered.order_id).expectations == []

    def test_that_has_answered_owes_nothing(self, ordered: Event, take: Reaction) -> None:
        a_delivery(ordered, take, outcome="pay.Taken")
        taken = an_event("pay.Taken", order_id=ordered.order_id, because_of=ordered)
        assert taken.producer != "pay.take"
        assert owed(ordered).reason == "silence"  # that was another's answer
        an_event(
            "pay.Taken", order_id=ordered.order_id, cause_kind="event", cause_id=str(ordered.id), producer="pay.take"
        )
        assert outlook(ordered.order_id).expectations == []

    def test_waits_its_turn(self, ordered: Event, take: Reaction) -> None:
        waiting(ordered, take)
        one = owed(ordered, open_dispatches={"pay.take": 2})
        assert one.why == "It is next when the dispatches of this reaction that are under way are done."

    def test_waits_in_the_queue(self, ordered: Event, take: Reaction) -> None:
        sent_at = ordered.occurred_at + SECOND
        dispatch = a_dispatch(take, sent_at=sent_at, started=0, started_at=None, closed_at=None)
        waiting(ordered, take, state="dispatched", dispatch=dispatch)
        at = clock(sent_at, timezone.now())
        assert owed(ordered).why == f"It has been in the queue pay since {at}; no worker has taken it yet."

    @pytest.mark.parametrize(
        ("careful", "lease", "why"),
        [
            (False, 5, "A worker has been at it for 3 s."),
            (True, 5, "A worker has been at it for 3 s. A worker may have died on it before, so it runs carefully."),
            (False, -1, "Its worker has not been heard of for a while; the relay will hand it to another."),
        ],
    )
    def test_runs(self, ordered: Event, take: Reaction, careful: bool, lease: int, why: str) -> None:
        now = ordered.occurred_at + 5 * SECOND
        times = {"started_at": now - 3 * SECOND, "closed_at": None, "lease_until": now + lease * SECOND}
        dispatch = a_dispatch(take, sent_at=now - 4 * SECOND, careful=careful, **times)
        waiting(ordered, take, state="dispatched", dispatch=dispatch)
        assert owed(ordered, now=now).why == why

    def test_waits_for_its_time(self, ordered: Event, take: Reaction) -> None:
        Subscription.objects.filter(reaction=take).update(after_seconds=900)
        due_at = ordered.occurred_at + 900 * SECOND
        waiting(ordered, take, due_at=due_at)
        one = owed(ordered, now=ordered.occurred_at + 10 * SECOND)
        assert (one.has_time, one.since, one.due_by) == (True, due_at, due_at + 60 * SECOND)
        assert one.why == f"pay.take waits for its time, {clock(due_at, one.now)}, in 14 min 50 s."
        assert outlook(ordered.order_id).main is None

    def test_is_not_ready(self, ordered: Event, take: Reaction) -> None:
        waiting(ordered, take, outcome="not ready: no address yet", due_at=ordered.occurred_at + 11 * SECOND)
        one = owed(ordered, now=ordered.occurred_at + 10 * SECOND)
        assert one.why == "It is not ready yet: no address yet; asked again in 1 s."

    def test_is_tried_again(self, ordered: Event, take: Reaction) -> None:
        delivery = a_delivery(
            ordered, take, state="waiting", dispatch=None, attempts=2, due_at=ordered.occurred_at + 28 * SECOND
        )
        a_failed_attempt(delivery, 1)
        a_failed_attempt(delivery, 2, exception="Timeout")
        now = ordered.occurred_at + 10 * SECOND
        assert owed(ordered, now=now).why == "Delivery attempt 2 of 8 failed: Timeout; next try in 18 s."
        Reaction.objects.filter(pk="pay.take").update(is_effect=True)
        assert owed(ordered, now=now).why == "Delivery attempt 2 of 16 failed: Timeout; next try in 18 s."

    def test_whose_reaction_is_retired_needs_somebody(self, ordered: Event, take: Reaction) -> None:
        waiting(ordered, take, state="orphaned")
        one = owed(ordered)
        assert (one.needs_somebody, one.why) == (
            True,
            "pay.take was retired before it had answered, so nobody will.",
        )

    def test_waits_for_a_relay_that_cannot_go_on(self, ordered: Event, take: Reaction) -> None:
        waiting(ordered, take)
        beat("relay@here:1", "relay", note="the broker is away: refused")
        assert owed(ordered).why == "The relay cannot go on: the broker is away: refused."


class TestAnEvent:
    def test_that_is_not_relayed_is_owed_by_all_who_listen(self, ordered: Event) -> None:
        mark_pending(ordered)
        one = owed(ordered)
        assert (one.reaction, one.delivery, one.why) == ("pay.take", None, "The relay is about to hand the event on.")

    def test_that_one_who_listens_never_got_is_silence(self, ordered: Event) -> None:
        one = owed(ordered)
        assert one.is_silent
        assert one.why.startswith("pay.take listens to shop.Ordered and has never got it, though it happened at ")

    def test_of_before_the_subscription_is_owed_by_nobody(self, ordered: Event) -> None:
        Subscription.objects.update(since=ordered.position)
        assert outlook(ordered.order_id).expectations == []

    def test_to_which_nobody_listens_is_named(self, ordered: Event, take: Reaction) -> None:
        a_delivery(ordered, take, state="ignored")
        mailed = an_event("mail.Sent", order_id=ordered.order_id)
        assert outlook(ordered.order_id).unheard == [mailed]


class TestAJoin:
    @pytest.fixture
    def joined(self, ordered: Event, take: Reaction) -> Event:
        """`ship.send` has stored the order, and waits for the money."""
        contract = {"reads": {}, "emits": ["ship.Sent"], "may_wait": True, "within_s": 30.0}
        a_delivery(
            ordered,
            a_reaction("ship.send", "shop.Ordered", "pay.Taken", contract=contract),
            outcome="waits for pay.Taken",
        )
        return ordered

    def test_has_time_while_somebody_may_still_publish_what_it_needs(self, joined: Event, take: Reaction) -> None:
        waiting(joined, take)
        first, second = outlook(joined.order_id).expectations
        assert (first.reaction, second.reaction) == ("pay.take", "ship.send")  # on the payment more depends
        assert (second.has_time, second.due_by) == (True, None)
        assert sentence(second).endswith(" and waits for pay.Taken. Then Sent.")
        assert outlook(joined.order_id).may_come == {"pay.Taken", "pay.Refused", "ship.Sent"}

    def test_is_stranded_when_nobody_can_any_more(self, joined: Event, take: Reaction) -> None:
        a_delivery(joined, take, state="skipped")
        one = owed(joined)
        assert (one.is_silent, one.reason) == (True, "stranded")
        assert one.why.endswith("waits for pay.Taken, but nobody who is at work can still publish that.")

    def test_is_discharged_by_an_event_that_says_so(self, joined: Event, take: Reaction) -> None:
        a_delivery(joined, take, state="skipped")
        an_event("orders.OrderCancelled", order_id=joined.order_id)
        assert outlook(joined.order_id).expectations == []


def test_many_reactions_that_lead_in_a_circle_are_weighed() -> None:
    a_reaction("pay.again", "pay.Refused", contract={"emits": ["shop.Ordered"], "within_s": 1.0})
    world: World = look_around()
    assert world.consequences(["pay.again"]) == {"shop.Ordered", "pay.Taken", "pay.Refused"}
    assert world.weight("pay.again") == 3
    assert world.weight("no.such") == 0


SAID = {
    0: "0 ms",
    0.04: "40 ms",
    0.9999: "1 s",
    4.24: "4.2 s",
    9.97: "10 s",
    42: "42 s",
    59.6: "1 min 0 s",
    125: "2 min 5 s",
    10_800: "3 h 0 min",
    187_200: "2 d 4 h",
    -3: "0 ms",
}


@pytest.mark.parametrize(("seconds", "words"), SAID.items())
def test_durations_as_one_says_them(seconds: float, words: str) -> None:
    assert roughly(timedelta(seconds=seconds)) == words


def test_other_words() -> None:
    now = datetime.fromisoformat("2025-11-22T14:02:11+00:00")
    assert clock(now, now) == "14:02:11"
    assert clock(now, now + timedelta(days=1)) == "2025-11-22 14:02:11"
    assert [either(names) for names in (["a.A"], ["b.B", "a.A"], ["c.C", "b.B", "a.A"])] == ["A", "B or A", "C, B or A"]
    assert at_most("a\n b\u202ec\x00", 9) == "a b c"
    assert at_most("x" * 10, 4) == "xxx…"
