"""What notifications does when something has happened: it writes to the customer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from notifications import gateway, services
from notifications.events import NotificationFailed, NotificationSent
from notifications.gateway import MailIntent, MailRefused, MailSent
from notifications.readers import (
    OrderCancellationRejected,
    OrderCancelled,
    OrderPlaced,
    OrderShipped,
    PaymentCaptured,
    PaymentPartlyRefunded,
    PaymentRefunded,
    ShipmentDelivered,
)
from outbox import Batch, Ignored, NotReadyYet, effect


@effect(
    "orders.OrderPlaced",
    "payments.PaymentCaptured",
    "shipping.OrderShipped",
    "shipping.ShipmentDelivered",
    "orders.OrderCancelled",
    "orders.OrderCancellationRejected",
    "payments.PaymentPartlyRefunded",
    "payments.PaymentRefunded",
    timeout=gateway.TIMEOUT,
    width=10,
    within=timedelta(minutes=5),
)
class SendMail:
    """Writes to the customer what has become of the order.

    It has no `look_up`, because a mail server cannot be asked: a mail is never sent a second time by itself.
    """

    def prepare(
        self,
        news: Batch[
            OrderPlaced
            | PaymentCaptured
            | OrderShipped
            | ShipmentDelivered
            | OrderCancelled
            | OrderCancellationRejected
            | PaymentPartlyRefunded
            | PaymentRefunded
        ],
    ) -> Iterator[MailIntent | Ignored | NotReadyYet]:
        yield from services.prepare_mails(news)

    def session(self) -> AbstractContextManager[None]:
        return gateway.session()

    def call(self, intent: MailIntent) -> MailSent | MailRefused:
        return gateway.send(intent)

    def record(
        self, outcomes: Sequence[MailSent | MailRefused]
    ) -> Iterator[NotificationSent | NotificationFailed | Ignored]:
        yield from services.record_mails(outcomes)
