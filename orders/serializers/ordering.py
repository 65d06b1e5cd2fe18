"""An order over HTTP: what is accepted, what is shown, and what of its history customers are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.urls import reverse
from django.utils.timezone import now
from msgspec import UNSET, Meta, UnsetType

from api.bodies import Input, Moment, matching
from api.countries import Country
from api.events import EventEntry, fact
from orders.events import Address, OrderedLine
from orders.models import Order, OrderLine, Status
from orders.status import (
    PAYMENT,
    SHIPMENT,
    STOCK,
    attention_of,
    cancellation_pending,
    is_cancellable,
    payment_of,
    shipment_of,
    stock_of,
    values_of,
)
from outbox import Money
from outbox.models import Event

# Visible, and on one line: it is printed on labels and written into mail headers.
ONE_LINE = matching(
    r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\Z", "Text on one line, without control characters, and not blank."
)
Text = Annotated[str, ONE_LINE, Meta(max_length=200)]
Sku = Annotated[
    str, matching(r"^[A-Z0-9][A-Z0-9._-]{0,63}\Z", "A SKU looks like MUG-BLUE: A-Z, 0-9, dot, _ and -.", "MUG-BLUE")
]
PaymentMethod = Annotated[
    str, matching(r"^pm_[A-Za-z0-9_]{1,60}\Z", "A payment method looks like pm_card_ok.", "pm_card_ok")
]
PostalCode = Annotated[
    str, matching(r"^[A-Za-z0-9 -]{0,20}\Z", "Up to 20 letters, digits, blanks and hyphens.", "SW1Y 4JH")
]


class WantedLine(Input, frozen=True, kw_only=True):
    """How many units of a SKU."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=999)]


class ShipTo(Input, frozen=True, kw_only=True):
    """Where to ship to; `country` is an ISO 3166-1 alpha-2 code."""

    recipient: Text
    lines: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=3)]
    locality: Text
    country: Country
    postal_code: PostalCode = ""

    def as_address(self) -> Address:
        return Address(**msgspec.structs.asdict(self))


class PlaceOrder(Input, frozen=True, kw_only=True):
    """An order to be placed: each SKU on one line. Prices come from the price list."""

    lines: Annotated[tuple[WantedLine, ...], Meta(min_length=1, max_length=100)]
    payment_method: PaymentMethod
    ship_to: ShipTo


class OrderLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where the order and its history are found."""

    self_: str = msgspec.field(name="self")
    events: str
    stream: str
    cancellation: str


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its customer sees it."""

    id: UUID
    number: str
    status: Annotated[str, Meta(extra_json_schema={"enum": Status.values})]
    stock_status: Annotated[str, Meta(extra_json_schema={"enum": values_of(STOCK)})]
    payment_status: Annotated[str, Meta(extra_json_schema={"enum": values_of(PAYMENT)})]
    shipment_status: Annotated[str, Meta(extra_json_schema={"enum": values_of(SHIPMENT)})]
    cancellation_pending: bool
    sandbox: bool
    for_staff: ForStaff | UnsetType = UNSET
    lines: Sequence[OrderedLine]
    total: Money
    placed_at: Moment
    payment_method: str
    ship_to: Address
    available_actions: Sequence[Literal["cancel"]]
    links: OrderLinks


class ForStaff(msgspec.Struct, frozen=True, kw_only=True):
    """What only staff and services see of an order: whose it is, and why somebody has to look after it."""

    customer_id: int
    customer_email: str
    attention: Sequence[str]


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some orders, newest first; `next` and `previous` are addresses, or null at the ends."""

    data: Sequence[PlacedOrder]
    next: str | None
    previous: str | None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What has happened to an order, oldest first."""

    data: Sequence[EventEntry]


# What a customer is told of each event, and which of its fields. What is not listed here is not shown.
TOLD_TO_CUSTOMERS: Mapping[str, tuple[str, ...]] = {
    "orders.OrderPlaced": ("number", "lines", "total", "payment_method", "ship_to"),
    "orders.OrderCancellationRequested": ("reason", "requested_by"),
    "orders.OrderCancellationRejected": ("reason",),
    "orders.OrderCancelled": ("reason",),
    "inventory.StockReserved": (),
    "inventory.StockReservationFailed": (),
    "inventory.StockReleased": (),
    "inventory.StockCommitted": (),
    "payments.PaymentCaptured": ("amount",),
    "payments.PaymentDeclined": ("code",),
    "payments.PaymentExpired": (),
    "payments.PaymentVoided": (),
    "payments.LatePaymentReceived": ("amount",),
    "payments.PaymentPartlyRefunded": ("amount", "reason"),
    "payments.PaymentRefunded": ("amount",),
    "shipping.OrderShipped": ("carrier", "tracking_number", "shipment_id"),
    "shipping.ShipmentFailed": ("reason",),
    "shipping.ShipmentStopped": (),
    "shipping.ShipmentDelivered": ("delivered_at", "signed_by"),
}


def address_of(order: Order) -> str:
    return reverse("order", args=[order.pk])


def shown(order: Order, *, to_staff: bool = False) -> PlacedOrder:
    """Returns the order as its customer sees it, or as staff and services do."""
    seen = frozenset(order.seen)
    return PlacedOrder(
        id=order.pk,
        number=order.number,
        status=order.status,
        stock_status=stock_of(seen),
        payment_status=payment_of(seen),
        shipment_status=shipment_of(seen),
        cancellation_pending=cancellation_pending(seen),
        sandbox=order.sandbox,
        for_staff=_for_staff(order) if to_staff else UNSET,
        lines=[_line(line, order.currency) for line in sorted(order.lines.all(), key=lambda line: line.pk)],
        total=Money(amount=order.total, currency=order.currency),
        placed_at=order.placed_at,
        payment_method=order.payment_method,
        ship_to=msgspec.convert(order.ship_to, Address),
        available_actions=["cancel"] if is_cancellable(seen) else [],
        links=OrderLinks(
            self_=address_of(order),
            events=reverse("order-events", args=[order.pk]),
            stream=reverse("order-stream", args=[order.pk]),
            cancellation=cancellation_of(order),
        ),
    )


def _for_staff(order: Order) -> ForStaff:
    # Said by `services.with_owed_parts`, from which orders for staff come.
    owes_a_part = getattr(order, "owes_a_part", False)
    attention = attention_of(frozenset(order.seen), now() - order.status_since, owes_a_part=owes_a_part)
    return ForStaff(customer_id=order.customer_id, customer_email=order.customer_email, attention=attention)


def cancellation_of(order: Order) -> str:
    return reverse("order-cancellation", args=[order.pk])


def told(events: Sequence[Event]) -> History:
    """Returns the events that customers are told of, with the fields that they are told."""
    return History(data=[fact(event, _told_of(event)) for event in events if event.name in TOLD_TO_CUSTOMERS])


def _told_of(event: Event) -> Mapping[str, Any]:
    return {field: event.payload[field] for field in TOLD_TO_CUSTOMERS[event.name] if field in event.payload}


def _line(line: OrderLine, currency: str) -> OrderedLine:
    return OrderedLine(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=Money(amount=line.unit_price, currency=currency),
        total=Money(amount=line.unit_price * line.quantity, currency=currency),
    )
