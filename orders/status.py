"""An order's status and facets: folds over the *set* of its events, so that neither order nor repetition matters.

Events are named as on the wire, such as `inventory.StockReserved`.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import timedelta

from orders.models import Status

CANCEL_REQUESTED = "orders.OrderCancellationRequested"
CANCEL_REJECTED = "orders.OrderCancellationRejected"
CANCELLED = "orders.OrderCancelled"
RESERVED = "inventory.StockReserved"
REFUSED = "inventory.StockReservationFailed"
RELEASED = "inventory.StockReleased"
COMMITTED = "inventory.StockCommitted"
CAPTURED = "payments.PaymentCaptured"
DECLINED = "payments.PaymentDeclined"
EXPIRED = "payments.PaymentExpired"
VOIDED = "payments.PaymentVoided"
LATE = "payments.LatePaymentReceived"
PARTLY_REFUNDED = "payments.PaymentPartlyRefunded"
PART_REFUND_FAILED = "payments.PartialRefundFailed"
PART_REFUND_DROPPED = "payments.PartialRefundDropped"
REFUNDED = "payments.PaymentRefunded"
REFUND_FAILED = "payments.PaymentRefundFailed"
SHIPPED = "shipping.OrderShipped"
FAILED = "shipping.ShipmentFailed"
STOPPED = "shipping.ShipmentStopped"
DELIVERED = "shipping.ShipmentDelivered"

# What is folded. Other events (mails, the opening of a charge) change neither status nor facets, and hearing them
# would cost a delivery an order each.
FOLDED = (
    CANCEL_REQUESTED, CANCEL_REJECTED, CANCELLED,
    RESERVED, REFUSED, RELEASED, COMMITTED,
    CAPTURED, DECLINED, EXPIRED, VOIDED, LATE, PARTLY_REFUNDED, REFUNDED, REFUND_FAILED,
    SHIPPED, FAILED, STOPPED, DELIVERED,
)  # fmt: skip

# The closing events: with one of these a module says that it holds nothing any more for a cancelled order. Of several
# the first one listed is named.
CLOSING: dict[str, tuple[str, ...]] = {
    "inventory": (RELEASED, REFUSED),
    "payments": (REFUNDED, VOIDED, EXPIRED, DECLINED),
    "shipping": (STOPPED, FAILED),
}

# The first row whose condition holds wins. No rule looks at what is absent, except that books are closed one by one,
# so more events never lead back to an earlier status.
RULES: tuple[tuple[Status, Callable[[Set[str]], bool]], ...] = (
    (Status.INCONSISTENT, lambda seen: SHIPPED in seen and CANCELLED in seen),
    (Status.CANCELLED, lambda seen: CANCELLED in seen and not open_books(seen)),
    (Status.CANCELLING, lambda seen: CANCELLED in seen),
    (Status.DELIVERED, lambda seen: DELIVERED in seen and SHIPPED in seen),
    (Status.SHIPPED, lambda seen: SHIPPED in seen),
    (Status.PAID, lambda seen: CAPTURED in seen),
    (Status.RESERVED, lambda seen: RESERVED in seen),
    (Status.PLACED, lambda seen: True),
)

# Whoever waits for the end of the process waits for one of these.
SETTLED = frozenset({Status.SHIPPED, Status.DELIVERED, Status.CANCELLED})

# A book that has been open for longer than this needs somebody to look after it.
PATIENCE_WITH_BOOKS = timedelta(minutes=5)

Facet = tuple[tuple[str, str], ...]
STOCK: Facet = ((COMMITTED, "committed"), (RELEASED, "released"), (REFUSED, "refused"), (RESERVED, "reserved"))
PAYMENT: Facet = (
    (REFUNDED, "refunded"),
    (REFUND_FAILED, "refund_failed"),
    (PARTLY_REFUNDED, "partly_refunded"),
    (LATE, "captured"),
    (CAPTURED, "captured"),
    (VOIDED, "voided"),
    (EXPIRED, "expired"),
    (DECLINED, "declined"),
)
SHIPMENT: Facet = ((DELIVERED, "delivered"), (SHIPPED, "shipped"), (FAILED, "failed"), (STOPPED, "stopped"))


def status_of(seen: Set[str]) -> Status:
    """Returns the status that the events named in `seen` amount to."""
    return next(status for status, holds in RULES if holds(seen))


def open_books(seen: Set[str]) -> list[str]:
    """Returns the modules that have not published a closing event yet; says something of cancelled orders only."""
    return [module for module in CLOSING if closed_by(module, seen) is None]


def closed_by(module: str, seen: Set[str]) -> str | None:
    """Returns the event by which a module has closed its book, or None while it is open."""
    return next((event for event in CLOSING[module] if event in seen), None)


def cancellation_pending(seen: Set[str]) -> bool:
    """Whether somebody wants the order cancelled, and it is not decided yet."""
    return CANCEL_REQUESTED in seen and not seen & {CANCEL_REJECTED, CANCELLED}


def is_cancellable(seen: Set[str]) -> bool:
    """Whether it is worth asking for a cancellation: nobody has asked, and it is neither cancelled nor shipped."""
    return not seen & {CANCEL_REQUESTED, CANCELLED, SHIPPED}


def attention_of(seen: Set[str], age: timedelta = timedelta(0), *, owes_a_part: bool = False) -> list[str]:
    """Returns why somebody has to look after the order, worst first; `age` is how long it has had its status.

    That a part of the money is owed does not follow from the names in `seen`, and is said apart.
    """
    reasons = {
        "inconsistent": status_of(seen) == Status.INCONSISTENT,
        "money_owed": owes_a_part or (REFUND_FAILED in seen and REFUNDED not in seen),
        "late_money": LATE in seen and not seen & {REFUNDED, REFUND_FAILED},
        "book_open": status_of(seen) == Status.CANCELLING and age > PATIENCE_WITH_BOOKS,
    }
    return [reason for reason, holds in reasons.items() if holds]


def values_of(facet: Facet) -> list[str]:
    """Returns what a facet may be, in the order of its table, and `none` at the end."""
    return [*dict.fromkeys(value for _, value in facet), "none"]


def stock_of(seen: Set[str]) -> str:
    """Returns what became of the stock: none, reserved, refused, released or committed."""
    return _facet(STOCK, seen)


def payment_of(seen: Set[str]) -> str:
    """Returns what became of the money: none, captured, partly_refunded, refunded, refund_failed, declined, or so."""
    return _facet(PAYMENT, seen)


def shipment_of(seen: Set[str]) -> str:
    """Returns what became of the parcel: none, shipped, delivered, failed or stopped."""
    return _facet(SHIPMENT, seen)


def _facet(facet: Facet, seen: Set[str]) -> str:
    return next((value for event, value in facet if event in seen), "none")
