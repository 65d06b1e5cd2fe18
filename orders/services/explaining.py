"""Where is my order, and why? The answer in a few sentences, and the books of a cancelled order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

import msgspec

from orders.models import Order, Status
from orders.services.owing import owed_parts
from orders.status import (
    CANCEL_REQUESTED,
    CANCELLED,
    CLOSING,
    DELIVERED,
    LATE,
    REFUND_FAILED,
    REFUNDED,
    SETTLED,
    SHIPPED,
    cancellation_pending,
    closed_by,
    open_books,
    status_of,
)
from outbox import Money
from outbox.expectations import Expectation, Outlook, World, clock, look_around, outlooks, roughly, sentence
from outbox.models import Event

WHY_CANCELLED = {
    "inventory": "the stock did not suffice",
    "declined": "the payment was declined",
    "expired": "it was not paid in time",
    "fulfilment": "the carrier refused it",
    "customer": "the customer wanted it",
    "staff": "staff wanted it",
}


@dataclass(frozen=True, kw_only=True)
class Book:
    """What a module holds for a cancelled order: nothing since `closed_by`, or something since `open_since`."""

    module: str
    closed_by: Event | None
    open_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Where an order is, and why: `sentence` in plain words; `also` tells what else needs somebody.

    `status` is what the events amount to; `books` are empty unless the order is cancelled. `main` is what the order
    waits for, unless that is `money_is_owed`: a refund has failed, and staff has to start it again. `owed_parts` are
    the failures of refunds of parts, of which each has to be started again.
    """

    order: Order
    status: Status
    sentence: str
    also: Sequence[str]
    main: Expectation | None
    money_is_owed: bool
    books: Sequence[Book]
    owed_parts: Sequence[Event]
    outlook: Outlook

    @property
    def owed(self) -> list[Expectation]:
        """What is still owed to the order, without the timers and joins that its end has made needless."""
        return [one for one in self.outlook.expectations if not (one.has_time and self.status in SETTLED)]

    @property
    def books_open_since(self) -> datetime | None:
        """Since when a book has been open; None if none is."""
        return min((book.open_since for book in self.books if book.open_since), default=None)


def explain(order: Order, *, with_usual: bool = True) -> Answer:
    """Returns where the order is, and why, in eight statements; in seven, without saying what is usual."""
    return answers([order], look_around(with_usual=with_usual))[order.pk]


def answers(orders: Sequence[Order], world: World) -> dict[UUID, Answer]:
    """Returns where each of these orders is, and why, in three statements."""
    found = outlooks([order.pk for order in orders], world)
    return {order.pk: answer_of(order, found[order.pk]) for order in orders}


def answer_of(order: Order, outlook: Outlook) -> Answer:
    """Returns where the order is, and why; runs no statement."""
    case = _Case(order, outlook)
    return Answer(
        order=order,
        status=case.status,
        sentence=" ".join(case.sentences()),
        also=list(case.also()),
        main=case.main,
        money_is_owed=case.money_is_owed,
        books=case.books,
        owed_parts=case.owed_parts,
        outlook=outlook,
    )


class _Case:
    """An order with what has happened to it: the first event of each name."""

    def __init__(self, order: Order, outlook: Outlook) -> None:
        self.order = order
        self.outlook = outlook
        self.first: Mapping[str, Event] = {event.name: event for event in reversed(outlook.events)}
        self.seen = self.first.keys()
        self.status = status_of(self.seen)

    def sentences(self) -> Iterator[str]:
        """How it stands, what is under way, and if nothing is, whether that is right."""
        yield from self._standing()
        if self.money_is_owed:
            last = next(event for event in reversed(self.outlook.events) if event.name == REFUND_FAILED)
            yield f"Money is owed: payments could not give it back ({self._named(last)}). Staff has to refund it again."
        elif self.main:
            yield sentence(self.main)
        elif self.status in SETTLED:
            yield "Nothing more is to come by itself." if self.owed_parts else "Nothing more is to come."
        elif timer := self.outlook.next_timer:
            yield f"Nothing else is under way: {sentence(timer)}"
        else:
            yield self._nobody_owes_anything()

    @cached_property
    def main(self) -> Expectation | None:
        """What the order waits for; while it is being cancelled, that is first of all what may close an open book."""
        if self.status == Status.CANCELLING:
            closing = {name for module in open_books(self.seen) for name in CLOSING[module]}
            if helpful := [one for one in self.outlook.in_hand if closing.intersection(one.emits)]:
                return helpful[0]
        return self.outlook.main

    def also(self) -> Iterator[str]:
        """What else needs somebody, or is late for another reason than the main thing."""
        for failed in self.owed_parts:
            amount = msgspec.convert(failed.payload["amount"], Money)
            yield f"{amount} could not be given back ({self._named(failed)}). Staff has to refund it again."
        told = {self.main.why} if self.main and not self.money_is_owed else set()
        for one in self.outlook.in_hand:
            if (one.needs_somebody or one.overdue) and one.why not in told:
                told.add(one.why)
                yield sentence(one)

    def _standing(self) -> Iterator[str]:
        if cancellation_pending(self.seen):
            yield f"Its cancellation was requested at {self._at(CANCEL_REQUESTED)}; shipping decides."
        match self.status:
            case Status.INCONSISTENT:
                shipped, cancelled = (self._named(self.first[name]) for name in (SHIPPED, CANCELLED))
                yield f"Shipped and cancelled, which cannot be ({shipped}, {cancelled}). Somebody has to find out why."
            case Status.DELIVERED:
                yield f"Delivered: {self._named(self.first[DELIVERED])}."
            case Status.SHIPPED:
                took = roughly(self.first[SHIPPED].occurred_at - self.order.placed_at)
                yield f"Shipped: {self._named(self.first[SHIPPED])}, {took} after it was placed."
            case Status.CANCELLED:
                yield f"Cancelled at {self._at(CANCELLED)}, because {self._why_cancelled}. All three books are closed."
            case Status.CANCELLING:
                yield f"Being cancelled since {self._at(CANCELLED)}, because {self._why_cancelled}. {self._open_books}"

    @property
    def _why_cancelled(self) -> str:
        cause = next((e for e in self.outlook.events if str(e.id) == self.first[CANCELLED].cause_id), None)
        why = WHY_CANCELLED.get(self.order.cancel_reason, "of a reason that is not known")
        return f"{why} ({self._named(cause)})" if cause else why

    @property
    def _open_books(self) -> str:
        books = open_books(self.seen)
        if len(books) == 1:
            return f"The book of {books[0]} is open."
        return f"The books of {', '.join(books[:-1])} and {books[-1]} are open."

    @property
    def money_is_owed(self) -> bool:
        """Whether a refund has failed, and nobody is at it again."""
        owed = REFUND_FAILED in self.seen and REFUNDED not in self.seen
        return owed and not any(REFUNDED in one.emits for one in self.outlook.in_hand)

    def _nobody_owes_anything(self) -> str:
        if not self.outlook.events:
            return "Nothing has happened to it yet that any app has reported."
        last = self.outlook.events[-1]
        return f"It is not finished, and yet nobody owes it anything: the last that happened was {self._named(last)}."

    @cached_property
    def owed_parts(self) -> list[Event]:
        return owed_parts(self.outlook.events)

    @cached_property
    def books(self) -> list[Book]:
        return [self._book(module) for module in CLOSING] if CANCELLED in self.seen else []

    def _book(self, module: str) -> Book:
        closing = closed_by(module, self.seen)
        if module == "payments" and LATE in self.seen and REFUNDED not in self.seen:  # it has opened the book again
            return Book(module=module, closed_by=None, open_since=self.first[LATE].occurred_at)
        if closing is None:
            return Book(module=module, closed_by=None, open_since=self.first[CANCELLED].occurred_at)
        return Book(module=module, closed_by=self.first[closing], open_since=None)

    def _named(self, event: Event) -> str:
        return f"{event.name} at {clock(event.occurred_at, self.outlook.now)}"

    def _at(self, name: str) -> str:
        return clock(self.first[name].occurred_at, self.outlook.now)
