"""A cancellation over HTTP: what may be said about it, and what has become of it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.bodies import Input, Moment, matching
from orders.models import CancellationRequest, Order, Status
from orders.serializers.ordering import address_of, cancellation_of
from orders.status import closed_by

Note = Annotated[
    str, matching(r"^[^\x00-\x09\x0b-\x1f\x7f]*\Z", "Text without control characters."), Meta(max_length=500)
]


class CancelOrder(Input, frozen=True, kw_only=True):
    """Why an order is to be cancelled; nobody has to say."""

    reason: Literal["changed_mind", "ordered_by_mistake", "takes_too_long", "other"] = "other"
    note: Note = ""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """What a module holds for a cancelled order: nothing any more, if `closed_by` names the event that says so."""

    closed_by: str | None


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be closed before a cancellation is settled."""

    stock: Book
    payment: Book
    shipment: Book


class CancellationLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the cancellation and its order are found."""

    self_: str = msgspec.field(name="self")
    order: str


class CancellationState(msgspec.Struct, frozen=True, kw_only=True):
    """A cancellation: `requested` until shipping has decided, then `rejected`, or `accepted` and in the end `settled`.

    An order that was refused by stock, payment or carrier is cancelled without anybody's request.
    """

    state: Literal["requested", "rejected", "accepted", "settled"]
    requested_at: Moment | None
    requested_by: str | None
    rejection: Literal["already_dispatched"] | None
    cancelled_at: Moment | None
    reason: str | None
    books: Books
    links: CancellationLinks


def shown_cancellation(order: Order, request: CancellationRequest | None) -> CancellationState:
    """Returns what has become of the order's cancellation."""
    seen = frozenset(order.seen)
    stock, payment, shipment = (Book(closed_by=closed_by(m, seen)) for m in ("inventory", "payments", "shipping"))
    return CancellationState(
        state=_state(order, request),
        requested_at=request.requested_at if request else None,
        requested_by=request.requested_by if request else None,
        rejection="already_dispatched" if request and request.rejected_at else None,
        cancelled_at=order.cancelled_at,
        reason=order.cancel_reason or None,
        books=Books(stock=stock, payment=payment, shipment=shipment),
        links=CancellationLinks(self_=cancellation_of(order), order=address_of(order)),
    )


def _state(
    order: Order, request: CancellationRequest | None
) -> Literal["requested", "rejected", "accepted", "settled"]:
    if order.cancelled_at:
        return "settled" if order.status == Status.CANCELLED else "accepted"
    return "rejected" if request and request.rejected_at else "requested"
