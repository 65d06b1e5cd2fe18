"""The protocol with one thing done wrong: the variants that are known to fail, and the invariant that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.protocol_model import protocol as right
from tests.protocol_model.environment import PROTOCOL, hear_of_charge
from tests.protocol_model.protocol import Protocol, Rule
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


class Fault(NamedTuple):
    """The invariant that has to break, and the rules that come instead of the right ones, or beside them."""

    breaks: str
    rules: dict[str, Rule]

    def planted(self) -> Protocol:
        """Returns the protocol with the fault in it."""
        return PROTOCOL | self.rules


def instead(rule: str, act: Callable[..., Answer | None], hears: tuple[str, ...] | None = None) -> dict[str, Rule]:
    """Returns the rule as it is with `act` in it, hearing what it always heard if `hears` does not say otherwise."""
    planted = PROTOCOL.get(rule, Rule(rule.partition(".")[0], act))._replace(act=act)
    return {rule: planted if hears is None else planted._replace(hears=hears)}


def cancel_at_once(orders: Orders) -> Answer | None:
    return None if has_published(orders, "orders.OrderCancelled") else answer(orders, "orders.OrderCancelled")


def cancel_but_expired(orders: Orders, refusal: Event) -> Answer | None:
    return answer(orders) if refusal.name == "payments.PaymentExpired" else right.cancel_refused(orders, refusal)


def expire_reservation(inventory: Inventory, reserved: Event) -> Answer | None:
    return right.release_stock(inventory, reserved)


def release_known(inventory: Inventory, cancelled: Event) -> Answer | None:
    return answer(inventory) if inventory.state == "new" else right.release_stock(inventory, cancelled)


def release_again(inventory: Inventory, cancelled: Event) -> Answer | None:
    held_once = has_published(inventory, "inventory.StockReserved")
    return right.release_stock(inventory._replace(state="held") if held_once else inventory, cancelled)


def commit_nothing(inventory: Inventory, shipped: Event) -> Answer | None:
    return answer(inventory)


def capture_unreserved(payments: Payments, news: Event) -> Answer | None:
    return right.capture_payment(payments._replace(reserved=True), news)


def capture_without_key(payments: Payments, news: Event) -> Answer | None:
    """After a crash it calls again instead of looking up."""
    if payments.state == "capturing" and payments.provider.charge == "charged":
        payments = payments._replace(provider=payments.provider._replace(charge="unknown"))
    return right.capture_payment(payments, news)


def capture_late(payments: Payments) -> Answer | None:
    given = hear_of_charge(payments)
    if given is None or payments.state == "capturing":
        return given
    return answer(payments._replace(state="captured"), "payments.PaymentCaptured")


def void_known(payments: Payments, cancelled: Event) -> Answer | None:
    known = payments.placed or payments.reserved
    return right.close_payment(payments, cancelled) if known else answer(payments)


def void_idle(payments: Payments, cancelled: Event) -> Answer | None:
    return answer(payments) if payments.state == "capturing" else right.close_payment(payments, cancelled)


def void_uncaptured(payments: Payments, cancelled: Event) -> Answer | None:
    return None if payments.state == "captured" else right.close_payment(payments, cancelled)


def refund_again(payments: Payments, due: Event) -> Answer | None:
    if payments.state != "refunded":
        return right.refund_payment(payments, due)
    asked = payments.provider._replace(refund="asked")
    return answer(payments._replace(state="refunding", provider=asked), stays_open=True)


def note_payment(orders: Orders, captured: Event) -> Answer | None:
    return answer(orders._replace(paid=True))


def decide_with_view(orders: Orders, verdict: Event) -> Answer | None:
    """Lets OrderCancelled say whether orders has heard of a payment."""
    decided = right.settle_cancellation(orders, verdict)
    if decided is None:
        return None
    return decided._replace(events=tuple(event._replace(payload=int(orders.paid)) for event in decided.events))


def refund_by_view(payments: Payments, cancelled: Event) -> Answer | None:
    if payments.state == "captured" and not cancelled.payload:
        return answer(payments._replace(state="voided"), "payments.PaymentVoided")
    return right.close_payment(payments, cancelled)


def ship_unpaid(shipping: Shipping, news: Event) -> Answer | None:
    return right.buy_label(shipping._replace(paid=True), news)


def decide_known(shipping: Shipping, requested: Event) -> Answer | None:
    return right.decide_cancellation(shipping, requested) if shipping.placed else answer(shipping)


def stop_again(shipping: Shipping, cancelled: Event) -> Answer | None:
    reopened = shipping._replace(state="draft") if shipping.state == "stopped" else shipping
    return right.stop_shipment(reopened, cancelled)


def stop_silently(shipping: Shipping, cancelled: Event) -> Answer | None:
    return answer(shipping._replace(state="stopped")) if shipping.state == "draft" else answer(shipping)


FAULTS: dict[str, Fault] = {
    "orders decides a cancellation alone": Fault(
        "never shipped and cancelled", instead("orders.request_cancellation", cancel_at_once)
    ),
    "late money is published as PaymentCaptured": Fault(
        "never shipped and cancelled", instead("payments.hear_of_charge", capture_late)
    ),
    "a shipment does not wait for its payment": Fault(
        "never dispatched unpaid", instead("shipping.buy_label", ship_unpaid)
    ),
    "a reservation expires by itself": Fault(
        "what is shipped is held or sold",
        instead("inventory.expire_reservation", expire_reservation, hears=("inventory.StockReserved",)),
    ),
    "stock that was shipped is not taken off": Fault(
        "what is shipped is off the stock", instead("inventory.commit_stock", commit_nothing)
    ),
    "a release does not look whether it was made already": Fault(
        "stock is conserved, and released once", instead("inventory.release_stock", release_again)
    ),
    "inventory forgets a cancellation that comes before the order": Fault(
        "no stock is held for a cancelled order", instead("inventory.release_stock", release_known)
    ),
    "payment comes before stock": Fault(
        "no money is taken before stock is held", instead("payments.capture_payment", capture_unreserved)
    ),
    "a capture is repeated without an idempotency key": Fault(
        "never charged twice", instead("payments.capture_payment", capture_without_key)
    ),
    "a refund does not look whether it was made already": Fault(
        "the money kept is nothing or the total", instead("payments.refund_payment", refund_again)
    ),
    "the payment deadline starts at OrderPlaced": Fault(
        "no order expires whose stock was never tried",
        instead("payments.expire_payment", right.expire_payment, hears=("orders.OrderPlaced",)),
    ),
    "a refund goes by what orders knows of the payment": Fault(
        "nothing is owed, but for a failed refund",
        instead("orders.track_progress", note_payment, hears=("payments.PaymentCaptured",))
        | instead("orders.settle_cancellation", decide_with_view)
        | instead("payments.close_payment", refund_by_view),
    ),
    "a cancellation during the capture is forgotten": Fault(
        "nothing is owed, but for a failed refund", instead("payments.close_payment", void_idle)
    ),
    "captured money is never refunded": Fault(
        "no delivery waits for ever", instead("payments.close_payment", void_uncaptured)
    ),
    "shipping closes its book again at OrderCancelled": Fault(
        "a book is closed once", instead("shipping.stop_shipment", stop_again)
    ),
    "payments forgets a cancellation that comes before the order": Fault(
        "all books of a cancelled order are closed", instead("payments.close_payment", void_known)
    ),
    "shipping forgets a request that comes before the order": Fault(
        "every request to cancel is answered", instead("shipping.decide_cancellation", decide_known)
    ),
    "shipping leaves its book open": Fault(
        "all books of a cancelled order are closed", instead("shipping.stop_shipment", stop_silently)
    ),
    "nobody cancels an expired order": Fault(
        "every order is settled", instead("orders.cancel_refused", cancel_but_expired)
    ),
}
