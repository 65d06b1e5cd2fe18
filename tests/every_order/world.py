"""The processes of the shop, in one process: the real engine and apps on a real PostgreSQL; the broker is a list."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction

from config.settings import QUEUES
from outbox import heartbeats
from outbox.delivery.deliver import deliver
from outbox.models import Delivery
from outbox.models import Reaction as ReactionRow
from outbox.reactions import reactions
from outbox.relay.claim import Message, claim
from outbox.relay.fan_out import fan_out
from outbox.relay.leases import take_over
from outbox.testing import let_pass

EVERYTHING = 1_000
ROUNDS = 40
LONG = timedelta(hours=2)  # longer than any lease, any retry and the time to pay

FORGET = """
SET LOCAL outbox.maintenance = 'on';
DELETE FROM outbox_event; DELETE FROM outbox_pendingevent; DELETE FROM outbox_attempt; DELETE FROM outbox_delivery;
DELETE FROM outbox_dispatch; DELETE FROM outbox_reference; DELETE FROM outbox_failurehour;
DELETE FROM outbox_failuregroup;
DELETE FROM orders_cancellationrequest; DELETE FROM orders_orderline; DELETE FROM orders_order;
DELETE FROM inventory_reservationline; DELETE FROM inventory_reservation; DELETE FROM inventory_stock;
DELETE FROM payments_refund; DELETE FROM payments_payment;
DELETE FROM shipping_carrierevent; DELETE FROM shipping_shipment;
DELETE FROM notifications_mail; DELETE FROM notifications_addressee;
DELETE FROM sandbox_provider.charge; DELETE FROM sandbox_provider.refund;
DELETE FROM sandbox_carrier.label; DELETE FROM sandbox_carrier.outage;
"""
# The times by which the apps decide: how long something has been as it is.
TIME_PASSES = """
UPDATE payments_payment SET state_since = state_since - %(seconds)s * interval '1 second';
UPDATE shipping_shipment SET state_since = state_since - %(seconds)s * interval '1 second';
"""


def get_ready() -> None:
    """A worker for every queue lives, and no message has to wait until another one is done."""
    heartbeats.beat("worker@here", "worker", QUEUES)
    ReactionRow.objects.update(credit=EVERYTHING)


class World:
    """Relays and workers, beginning with an empty database. `broker` holds the messages; it keeps no order."""

    def __init__(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FORGET)
        self.broker: list[Message] = []
        self.taken: list[Message] = []
        self._split = 0

    def relay(self, at_once: int = EVERYTHING, split: int = EVERYTHING) -> bool:
        """Fans out so many events, and sends all that is due, so many deliveries a message; returns whether it did."""
        if split != self._split:
            ReactionRow.objects.update(batch_size=split)
            self._split = split
        moved = fan_out(at_once)
        messages = take_over()
        while claimed := claim():
            messages += claimed
        self.broker += messages
        return bool(moved or messages)

    def take(self, which: int) -> Message:
        """Takes a message out of the broker."""
        message = self.broker.pop(which % len(self.broker))
        self.taken.append(message)
        return message

    def work(self, message: Message) -> None:
        """What a worker does with a message."""
        deliver(reactions()[message.reaction], message.dispatch, worker="worker@here")

    def let_pass(self, duration: timedelta) -> None:
        """Lets time pass. The relay goes on meanwhile, as it never stands still so long; workers do."""
        fan_out()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TIME_PASSES, {"seconds": duration.total_seconds()})
        let_pass(duration)

    def go_on(self, rounds: int) -> None:
        """Lets everybody do what there is to do, in the order in which it comes, for so many rounds at most."""
        for _ in range(rounds):
            if not self.relay() and not self.broker:
                return
            while self.broker:
                self.work(self.take(0))

    def bring_to_the_end(self) -> None:
        """Lets everything happen, timers and retries included.

        Raises: AssertionError when that never ends.
        """
        for _ in range(ROUNDS):
            self.go_on(ROUNDS)
            if not Delivery.objects.filter(state__in=["waiting", "dispatched"]).exists():
                return
            self.let_pass(LONG)
        raise AssertionError("some deliveries never find what they wait for")
