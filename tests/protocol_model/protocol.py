"""The order protocol: what each reaction does with its module's row, and what happens without any of them.

A reaction is here a function of its module's row and of one event. It returns what it commits, or None for
`NotReadyYet`, which leaves everything as it was. A crash before the commit leaves everything as it was, too; a crash
after it is a delivery that comes twice. There is no inbox in the model: reactions have to bear a repetition themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from tests.protocol_model.state import (
    Answer,
    Event,
    Inventory,
    Orders,
    Payments,
    Shipping,
    answer,
    has_published,
)


class Rule(NamedTuple):
    """A reaction that hears events, or a happening, which hears none and comes by itself.

    `act` gets the row of the module `app`, and the event if there is one. A `certain` happening comes sooner or later;
    the others may never come, so nothing may depend on them.
    """

    app: str
    act: Callable[..., Answer | None]
    hears: tuple[str, ...] = ()
    certain: bool = True


Protocol = Mapping[str, Rule]
Act = Callable[[Any, Event], Answer | None]

REACTIONS: dict[str, Rule] = {}
UNTOUCHED = ("waiting", "in_grace")  # the provider has certainly not been asked


def reacts_to(*events: str, app: str) -> Callable[[Act], Act]:
    """Makes the function the app's reaction to these events."""

    def register(act: Act) -> Act:
        REACTIONS[f"{app}.{act.__name__}"] = Rule(app, act, hears=events)
        return act

    return register


@reacts_to("shipping.ShipmentStopped", "shipping.ShipmentStopRefused", app="orders")
def settle_cancellation(orders: Orders, verdict: Event) -> Answer | None:
    """Does with a requested cancellation what shipping has decided."""
    requested = has_published(orders, "orders.OrderCancellationRequested")
    if not requested or has_published(orders, "orders.OrderCancelled", "orders.OrderCancellationRejected"):
        return answer(orders)
    stopped = verdict.name == "shipping.ShipmentStopped"
    return answer(orders, "orders.OrderCancelled" if stopped else "orders.OrderCancellationRejected")


@reacts_to(
    "inventory.StockReservationFailed",
    "payments.PaymentDeclined",
    "payments.PaymentExpired",
    "shipping.ShipmentFailed",
    app="orders",
)
def cancel_refused(orders: Orders, refusal: Event) -> Answer | None:
    """Turns a refusal into the order's cancellation."""
    return answer(orders, *([] if has_published(orders, "orders.OrderCancelled") else ["orders.OrderCancelled"]))


@reacts_to("orders.OrderPlaced", app="inventory")
def reserve_stock(inventory: Inventory, placed: Event) -> Answer | None:
    if inventory.state != "new":
        return answer(inventory)
    if not inventory.free:
        return answer(inventory._replace(state="refused"), "inventory.StockReservationFailed")
    held = inventory._replace(state="held", free=inventory.free - 1, held=inventory.held + 1)
    return answer(held, "inventory.StockReserved")


@reacts_to("orders.OrderCancelled", app="inventory")
def release_stock(inventory: Inventory, cancelled: Event) -> Answer | None:
    if inventory.state == "held":
        return answer(released(inventory), "inventory.StockReleased")
    if inventory.state == "new":
        return answer(inventory._replace(state="released"), "inventory.StockReleased")
    return answer(inventory)


def released(inventory: Inventory) -> Inventory:
    """Returns the row with what is held for the order being free again."""
    return inventory._replace(state="released", free=inventory.free + 1, held=inventory.held - 1)


@reacts_to("shipping.OrderShipped", app="inventory")
def commit_stock(inventory: Inventory, shipped: Event) -> Answer | None:
    if inventory.state == "committed":
        return answer(inventory)
    if inventory.state != "held":
        return None
    sold = inventory._replace(state="committed", held=inventory.held - 1, sold=inventory.sold + 1)
    return answer(sold, "inventory.StockCommitted")


@reacts_to("orders.OrderPlaced", "inventory.StockReserved", "payments.PaymentOpened", app="payments")
def capture_payment(payments: Payments, news: Event) -> Answer | None:
    """Waits for what is missing; prepares, calls, records. After a crash, or in doubt, it goes on with looking up."""
    payments = heard(payments, news)
    if payments.state in UNTOUCHED:
        if not (payments.placed and payments.reserved):
            return answer(payments)
        return answer(payments._replace(state="capturing"), stays_open=True)
    opened = has_published(payments, "payments.PaymentOpened")
    if payments.state != "capturing" or opened != (news.name == "payments.PaymentOpened"):
        return answer(payments)
    if payments.provider.charge == "unknown":
        return asked(payments, "asked")
    if payments.provider.charge == "asked":
        return None
    return opened_or_decided(payments, opened=opened)


def heard(payments: Payments, news: Event) -> Payments:
    """Returns the row with the event noted that the capture waits for."""
    if news.name == "orders.OrderPlaced":
        return payments._replace(placed=True)
    return payments._replace(reserved=True)


def asked(payments: Payments, charge: Literal["asked", "withdrawn"]) -> Answer:
    """Returns what follows when the provider has been called and nothing is recorded yet."""
    return answer(payments._replace(provider=payments.provider._replace(charge=charge)), stays_open=True)


def opened_or_decided(payments: Payments, *, opened: bool) -> Answer:
    """Takes or withdraws what is open at the provider, as soon as it is committed that it is; or records the answer."""
    if payments.provider.charge == "opened":
        if not opened:
            return answer(payments, "payments.PaymentOpened")
        return asked(payments, "withdrawn" if payments.cancelled else "asked")
    if payments.provider.charge == "withdrawn":
        return answer(payments._replace(state="voided"), "payments.PaymentVoided")
    if payments.provider.charge == "declined":
        return answer(payments._replace(state="declined"), "payments.PaymentDeclined")
    return taken(payments)


def taken(payments: Payments) -> Answer:
    """Returns what becomes of the payment now that we know that the provider has the money."""
    if payments.state == "capturing" and not payments.cancelled:
        return answer(payments._replace(state="captured"), "payments.PaymentCaptured")
    return answer(refunding(payments), "payments.LatePaymentReceived")


def refunding(payments: Payments) -> Payments:
    """Returns the row with a refund started that the provider, by its key, has not heard of."""
    fresh = payments.provider._replace(refund="unknown")
    return payments._replace(state="refunding", refund_attempt=payments.refund_attempt + 1, provider=fresh)


@reacts_to("inventory.StockReserved", app="payments")
def expire_payment(payments: Payments, reserved: Event) -> Answer | None:
    """The deadline, whenever it comes: it gives a grace first, and leaves the decision to a provider asked."""
    if payments.state == "waiting":
        return answer(payments._replace(state="in_grace"), stays_open=True)
    if payments.state == "in_grace":
        return answer(payments._replace(state="expired"), "payments.PaymentExpired")
    return answer(payments)


@reacts_to("orders.OrderCancelled", app="payments")
def close_payment(payments: Payments, cancelled: Event) -> Answer | None:
    """Voids or refunds by the payment's own state; a call that is being made closes the book when it ends."""
    payments = payments._replace(cancelled=True)
    if payments.state in UNTOUCHED:
        return answer(payments._replace(state="voided"), "payments.PaymentVoided")
    if payments.state == "captured":
        return answer(refunding(payments), "payments.PaymentRefundStarted")
    return answer(payments)


@reacts_to("payments.PaymentRefundStarted", "payments.LatePaymentReceived", app="payments")
def refund_payment(payments: Payments, due: Event) -> Answer | None:
    """Calls and records; the event is the intent, so there is nothing to prepare."""
    if payments.state != "refunding" or payments.refund_attempt != due.payload:
        return answer(payments)
    if payments.provider.refund == "unknown":
        return answer(payments._replace(provider=payments.provider._replace(refund="asked")), stays_open=True)
    if payments.provider.refund == "asked":
        return None
    if payments.provider.refund == "refused":
        return answer(payments._replace(state="refund_failed"), "payments.PaymentRefundFailed")
    return answer(payments._replace(state="refunded"), "payments.PaymentRefunded")


@reacts_to("orders.OrderPlaced", "payments.PaymentCaptured", app="shipping")
def buy_label(shipping: Shipping, news: Event) -> Answer | None:
    """Waits for what is missing; prepares, calls, records. Once prepared the shipment cannot be stopped any more."""
    placed = news.name == "orders.OrderPlaced"
    shipping = shipping._replace(placed=True) if placed else shipping._replace(paid=True)
    if shipping.state == "draft" and shipping.placed and shipping.paid:
        return answer(shipping._replace(state="buying"), stays_open=True)
    if shipping.state != "buying":
        return answer(shipping)
    if shipping.label == "unknown":
        return answer(shipping._replace(label="asked"), stays_open=True)
    if shipping.label == "asked":
        return None
    if shipping.label == "refused":
        return answer(shipping._replace(state="failed"), "shipping.ShipmentFailed")
    return answer(shipping._replace(state="shipped"), "shipping.OrderShipped")


@reacts_to("orders.OrderCancellationRequested", app="shipping")
def decide_cancellation(shipping: Shipping, requested: Event) -> Answer | None:
    """Decides between cancelling and shipping. It may wait for a label that is being bought, but not for ever."""
    if shipping.state == "draft":
        return answer(shipping._replace(state="stopped"), "shipping.ShipmentStopped")
    too_late = shipping.state in ("buying", "shipped") and not has_published(shipping, "shipping.ShipmentStopRefused")
    return answer(shipping, *(["shipping.ShipmentStopRefused"] if too_late else []))


@reacts_to("orders.OrderCancelled", app="shipping")
def stop_shipment(shipping: Shipping, cancelled: Event) -> Answer | None:
    if shipping.state == "buying":
        return None
    if shipping.state == "draft":
        return answer(shipping._replace(state="stopped"), "shipping.ShipmentStopped")
    return answer(shipping)
