"""Every order of arrival: whatever may happen, in any order, twice, or cut off in the middle, on the real apps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orders.events import RequestedBy
from orders.models import Order
from outbox.models import Delivery
from tests.every_order import checking, crashing, people
from tests.every_order.companies import Mood, outside
from tests.every_order.world import EVERYTHING, World

MOST_ORDERS = 2
METHODS = [
    "pm_card_ok",
    "pm_card_declined_insufficient_funds",
    "pm_card_timeout_unknown",
    "pm_card_ok_refund_fails",
    "pm_card_webhook_first",
]
POSTAL_CODES = ["N1", "00000", "00001"]
MOODS: list[Mood] = ["well", "silent", "away"]
DURATIONS = [timedelta(minutes=2), timedelta(minutes=16), timedelta(hours=1)]
IN_STOCK = {"MUG": 3, "POT": 1}

whichever = st.integers(0, 9)
lines = st.dictionaries(st.sampled_from(sorted(IN_STOCK)), st.integers(1, 2), min_size=1)
# After how many statements and commits the process dies; most live on.
death = st.none() | st.integers(0, 14)


class EveryOrder(RuleBasedStateMachine):
    """One run: a few orders, whatever happens to them, and then everything that is still to come."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.units = people.count_stock(IN_STOCK)
        self.orders: list[UUID] = []
        self.restless = False

    def run(self, work: Callable[[], Any], dies: int | None = None) -> None:
        self.restless |= not crashing.run(work, dies)
        self.orders = sorted(Order.objects.values_list("pk", flat=True))

    def order(self, which: int) -> UUID:
        return self.orders[which % len(self.orders)]

    @precondition(lambda self: len(self.orders) < MOST_ORDERS)
    @rule(wanted=lines, method=st.sampled_from(METHODS), postal_code=st.sampled_from(POSTAL_CODES), dies=death)
    def place(self, wanted: dict[str, int], method: str, postal_code: str, dies: int | None) -> None:
        self.run(partial(people.place, list(wanted.items()), method, postal_code), dies)

    @precondition(lambda self: self.orders)
    @rule(which=whichever, by=st.sampled_from(["customer", "staff"]), dies=death)
    def cancel(self, which: int, by: RequestedBy, dies: int | None) -> None:
        self.run(partial(people.cancel, self.order(which), by), dies)

    @precondition(lambda self: self.orders)
    @rule(at_once=st.sampled_from([EVERYTHING, 1, 2]), split=st.sampled_from([1, 2, EVERYTHING]), dies=death)
    def relay(self, at_once: int, split: int, dies: int | None) -> None:
        self.run(partial(self.world.relay, at_once, split), dies)

    @precondition(lambda self: self.world.broker)
    @rule(which=whichever, dies=death)
    def deliver(self, which: int, dies: int | None) -> None:
        self.run(partial(self.world.work, self.world.take(which)), dies)

    @precondition(lambda self: self.world.taken)
    @rule(which=whichever)
    def deliver_the_message_again(self, which: int) -> None:
        """The broker delivers at least once."""
        self.run(partial(self.world.work, self.world.taken[-1 - which % len(self.world.taken)]))

    @precondition(lambda self: self.world.broker)
    @rule(which=whichever)
    def lose_a_message(self, which: int) -> None:
        """The broker is purged."""
        self.world.take(which)

    @precondition(lambda self: self.world.taken)
    @rule(which=whichever)
    def deliver_the_event_again(self, which: int) -> None:
        """An operator has it delivered again although it is done."""
        done = Delivery.objects.filter(state__in=["done", "ignored"]).order_by("pk").values_list("pk", flat=True)
        if ids := list(done):
            Delivery.objects.filter(pk=ids[which % len(ids)]).update(state="waiting", dispatch=None, done_at=None)
            self.restless = True

    @precondition(lambda self: self.orders)
    @rule(rounds=st.integers(1, 8))
    def go_on(self, rounds: int) -> None:
        """Nothing special for a while."""
        self.run(partial(self.world.go_on, rounds))

    @precondition(lambda self: self.orders)
    @rule(duration=st.sampled_from(DURATIONS))
    def let_pass(self, duration: timedelta) -> None:
        self.world.let_pass(duration)

    @precondition(lambda self: self.orders)
    @rule(mood=st.sampled_from(MOODS))
    def companies_become(self, mood: Mood) -> None:
        outside.mood = mood
        self.restless |= mood != "well"

    @precondition(lambda self: self.orders)
    @rule(which=whichever, dies=death)
    def the_provider_reports(self, which: int, dies: int | None) -> None:
        self.run(partial(people.report_charge, self.order(which)), dies)

    @precondition(lambda self: self.orders)
    @rule(which=whichever)
    def the_provider_takes_late_money(self, which: int) -> None:
        self.run(partial(people.pay_late, self.order(which)))

    @precondition(lambda self: self.orders)
    @rule(which=whichever, event=st.sampled_from("ab"), dies=death)
    def the_carrier_reports(self, which: int, event: str, dies: int | None) -> None:
        self.run(partial(people.report_delivery, self.order(which), event), dies)

    @precondition(lambda self: self.orders)
    @rule(which=whichever, amount=st.sampled_from([500, 1_999, None]), dies=death)
    def staff_gives_a_part_back(self, which: int, amount: int | None, dies: int | None) -> None:
        self.run(partial(people.give_back, self.order(which), amount), dies)

    @precondition(lambda self: self.orders)
    @rule(dies=death)
    def staff_tries_refunds_again(self, dies: int | None) -> None:
        self.run(people.retry_refunds, dies)

    @precondition(lambda self: self.orders)
    @rule(levels=st.dictionaries(st.sampled_from(sorted(IN_STOCK)), st.integers(0, 4), min_size=1))
    def restock(self, levels: dict[str, int]) -> None:
        self.units = people.count_stock(levels)

    @invariant()
    def everything_fits_together(self) -> None:
        checking.assert_sound()
        assert people.units() == self.units, "does not hold: stock is conserved"

    def teardown(self) -> None:
        """Whatever has happened: with everybody well again, everything comes to its end."""
        outside.mood = "well"
        self.world.bring_to_the_end()
        while people.retry_refunds():
            self.world.bring_to_the_end()
        checking.assert_sound(at_rest=True, may_be_in_doubt=self.restless)
        assert people.units() == self.units, "does not hold: stock is conserved"
