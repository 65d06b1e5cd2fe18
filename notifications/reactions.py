"""What notifications does when something has happened: it writes to the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from notifications import gateway, services
from notifications.events import NotificationSent
from notifications.gateway import MailIntent, MailSent
from notifications.readers import OrderCancelled, OrderPlaced, OrderShipped
from outbox import Batch, Ignored, NotReadyYet, effect


@effect(
    "orders.OrderPlaced",
    "shipping.OrderShipped",
    "orders.OrderCancelled",
    timeout=gateway.TIMEOUT,
    width=10,
    within=timedelta(minutes=5),
    batch_size=50,  # so many are in doubt when their worker is killed
)
class SendMail:
    """Writes to the customer that the order was placed, shipped or cancelled.

    It has no `look_up`, because a mail server cannot be asked: a mail is never sent a second time by itself.
    """

    def prepare(
        self, news: Batch[OrderPlaced | OrderShipped | OrderCancelled]
    ) -> Iterator[MailIntent | Ignored | NotReadyYet]:
        yield from services.prepare_mails(news)

    def call(self, intent: MailIntent) -> MailSent:
        return gateway.send(intent)

    def record(self, outcomes: Sequence[MailSent]) -> Iterator[NotificationSent | Ignored]:
        yield from services.record_sent(outcomes)
