"""What a customer is told of what is still to come: what, and by when, and nothing of how we work inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from orders.serializers.ordering import TOLD_TO_CUSTOMERS, PlacedOrder
from orders.services import Answer
from orders.status import CANCELLED, PARTLY_REFUNDED, REFUND_FAILED, REFUNDED

RESERVING = "Your items are being reserved."
PAYING = "Your payment is being taken."
FINDING_OUT = "It is being found out whether your payment was taken; if it was, it goes back to you."
SHIPPING = "Your parcel is being made ready."
DECIDING = "It is being decided whether your order can still be cancelled."
CANCELLING = "Your order is being cancelled."
RELEASING = "What was reserved for you is being released."
GIVING_A_PART_BACK = "A part of your money is being given back."
GIVING_BACK = "Your money is being given back."
OWED = "Your money is still to be given back; our staff takes care of it."
WRITING = "A mail to you is being sent."

# By an event that may come of it; of those that apply the first one listed is said. What is not listed is not told.
IN_WORDS: Mapping[str, str] = {
    "inventory.StockReserved": RESERVING,
    "payments.PaymentPartlyRefunded": GIVING_A_PART_BACK,
    "payments.PaymentRefundStarted": GIVING_BACK,
    "payments.PaymentRefunded": GIVING_BACK,
    "payments.PaymentCaptured": PAYING,
    "shipping.OrderShipped": SHIPPING,
    "shipping.ShipmentStopRefused": DECIDING,
    "orders.OrderCancelled": CANCELLING,
    "inventory.StockReleased": RELEASING,
    "shipping.ShipmentStopped": CANCELLING,
    "notifications.NotificationSent": WRITING,
}

# What these become when the order is cancelled: nothing will come of some of them.
WHEN_CANCELLED: Mapping[str | None, str | None] = {PAYING: FINDING_OUT, RESERVING: None, SHIPPING: None}


class ExpectedNext(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is still to come.

    `events` are those of the history with which it may end. `by` is when it should have ended; null if that is open.
    """

    what: str
    events: Sequence[str]
    by: datetime | None


class OrderInDetail(PlacedOrder, frozen=True, kw_only=True):
    """An order as its customer sees it, with what is still to come, the most important first."""

    expected_next: Sequence[ExpectedNext]


def shown_in_detail(body: PlacedOrder, answer: Answer) -> OrderInDetail:
    """Returns the order as it is shown, with what is still to come."""
    return OrderInDetail(**msgspec.structs.asdict(body), expected_next=expected_next(answer))


def expected_next(answer: Answer) -> list[ExpectedNext]:
    """Returns what is still to come, each thing once, in words for customers."""
    told: dict[str, ExpectedNext] = {}
    for one in _told(answer):
        told.setdefault(one.what, one)
    return list(told.values())


def _told(answer: Answer) -> Iterator[ExpectedNext]:
    happened = {event.name for event in answer.outlook.events}
    if REFUND_FAILED in happened and REFUNDED not in happened:
        yield ExpectedNext(what=OWED, events=[REFUNDED], by=None)
    elif answer.owed_parts:
        yield ExpectedNext(what=OWED, events=[PARTLY_REFUNDED], by=None)
    for one in answer.owed:
        words = next((words for name, words in IN_WORDS.items() if name in one.emits), None)
        if CANCELLED in happened:
            words = WHEN_CANCELLED.get(words, words)
        if words:
            events = [name for name in one.emits if name in TOLD_TO_CUSTOMERS]
            yield ExpectedNext(what=words, events=events, by=one.due_by)
