"""What payments does when something has happened: it takes money once there is stock, and gives back what it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings

from outbox import Batch, Ignored, NotReadyYet, Waiting, effect, reacts_to
from payments import gateway, services
from payments.events import (
    LatePaymentReceived,
    PartialRefundFailed,
    PartialRefundStarted,
    PaymentCaptured,
    PaymentDeclined,
    PaymentExpired,
    PaymentOpened,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentRefundFailed,
    PaymentRefundStarted,
    PaymentVoided,
)
from payments.gateway import CaptureIntent, CaptureOutcome, RefundIntent, RefundOutcome
from payments.readers import OrderCancelled, OrderPlaced, StockReserved


# The provider's answers are waited for side by side: at one second each a full batch takes four.
@effect(
    "orders.OrderPlaced",
    "inventory.StockReserved",
    "payments.PaymentOpened",
    timeout=gateway.TIMEOUT,
    width=50,
    batch_size=200,  # of which half, as a rule, only take note
    within=timedelta(seconds=60),
)
class CapturePayment:
    """Asks the payment provider for the money, once the order and its reservation are both known.

    It asks for it at once, or to open the charge, and then to take what is opened.
    """

    def prepare(
        self, news: Batch[OrderPlaced | StockReserved | PaymentOpened]
    ) -> Iterator[CaptureIntent | Waiting | Ignored]:
        yield from services.prepare_captures(news)

    def call(self, intent: CaptureIntent) -> CaptureOutcome:
        return gateway.capture(intent)

    def look_up(self, intent: CaptureIntent) -> CaptureOutcome | None:
        return gateway.look_up_capture(intent)

    def record(
        self, outcomes: Sequence[CaptureOutcome]
    ) -> Iterator[PaymentCaptured | PaymentDeclined | LatePaymentReceived | PaymentOpened | PaymentVoided | Ignored]:
        yield from services.record_captures(outcomes)


@reacts_to("inventory.StockReserved", after=settings.PAYMENT_WINDOW, within=timedelta(hours=1))
def expire_payment(reserved: Batch[StockReserved]) -> Iterator[PaymentExpired | Ignored | NotReadyYet]:
    """Ends the time to pay, which begins when payments could first act: at the reservation of the stock."""
    yield from services.expire(reserved)


# A part that is on its way back is waited for, and tried for half an hour.
@reacts_to("orders.OrderCancelled", within=timedelta(hours=1))
def close_payment(
    cancelled: Batch[OrderCancelled],
) -> Iterator[PaymentVoided | PaymentRefundStarted | PaymentRefunded | NotReadyYet | Ignored]:
    """Sees to it that nothing is taken for a cancelled order, or that what was taken goes back."""
    yield from services.close(cancelled)


@effect(
    "payments.PaymentRefundStarted",
    "payments.LatePaymentReceived",
    timeout=gateway.TIMEOUT,
    width=20,
    batch_size=40,
    within=timedelta(minutes=5),
)
class RefundPayment:
    """Asks the payment provider to give the money back."""

    def prepare(self, due: Batch[PaymentRefundStarted | LatePaymentReceived]) -> Iterator[RefundIntent | Ignored]:
        yield from services.prepare_refunds(due)

    def call(self, intent: RefundIntent) -> RefundOutcome:
        return gateway.refund(intent)

    def look_up(self, intent: RefundIntent) -> RefundOutcome | None:
        return gateway.look_up_refund(intent)

    def record(self, outcomes: Sequence[RefundOutcome]) -> Iterator[PaymentRefunded | PaymentRefundFailed | Ignored]:
        yield from services.record_refunds(outcomes)


@effect("payments.PartialRefundStarted", timeout=gateway.TIMEOUT, width=20, batch_size=40, within=timedelta(minutes=5))
class RefundPart:
    """Asks the payment provider to give a part of the money back, while the order goes on."""

    def prepare(self, due: Batch[PartialRefundStarted]) -> Iterator[RefundIntent | Ignored]:
        yield from services.prepare_parts(due)

    def call(self, intent: RefundIntent) -> RefundOutcome:
        return gateway.refund(intent)

    def look_up(self, intent: RefundIntent) -> RefundOutcome | None:
        return gateway.look_up_refund(intent)

    def record(
        self, outcomes: Sequence[RefundOutcome]
    ) -> Iterator[PaymentPartlyRefunded | PartialRefundFailed | Ignored]:
        yield from services.record_parts(outcomes)
