"""An order's status and facets: folds over the *set* of its events, so that neither order nor repetition matters.

Events are named as on the wire, such as `inventory.StockReserved`.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from orders.models import Status

CANCELLED = "orders.OrderCancelled"
RESERVED = "inventory.StockReserved"
REFUSED = "inventory.StockReservationFailed"
RELEASED = "inventory.StockReleased"
COMMITTED = "inventory.StockCommitted"
CAPTURED = "payments.PaymentCaptured"
DECLINED = "payments.PaymentDeclined"
VOIDED = "payments.PaymentVoided"
SHIPPED = "shipping.OrderShipped"
STOPPED = "shipping.ShipmentStopped"

# What is folded. Other events (mails, the start of a capture) change neither status nor facets, and hearing them
# would cost a delivery an order each.
FOLDED = (CANCELLED, RESERVED, REFUSED, RELEASED, COMMITTED, CAPTURED, DECLINED, VOIDED, SHIPPED, STOPPED)

# The closing events: with one of these a module says that it holds nothing any more for a cancelled order.
CLOSING: dict[str, frozenset[str]] = {
    "inventory": frozenset({REFUSED, RELEASED}),
    "payments": frozenset({DECLINED, VOIDED}),
    "shipping": frozenset({STOPPED}),
}

# The first row whose condition holds wins. No rule looks at what is absent, except that books are closed one by one,
# so more events never lead back to an earlier status.
RULES: tuple[tuple[Status, Callable[[Set[str]], bool]], ...] = (
    (Status.INCONSISTENT, lambda seen: SHIPPED in seen and CANCELLED in seen),
    (Status.CANCELLED, lambda seen: CANCELLED in seen and not open_books(seen)),
    (Status.CANCELLING, lambda seen: CANCELLED in seen),
    (Status.SHIPPED, lambda seen: SHIPPED in seen),
    (Status.PAID, lambda seen: CAPTURED in seen),
    (Status.RESERVED, lambda seen: RESERVED in seen),
    (Status.PLACED, lambda seen: True),
)

# Whoever waits for the end of the process waits for one of these.
SETTLED = frozenset({Status.SHIPPED, Status.CANCELLED})

Facet = tuple[tuple[str, str], ...]
STOCK: Facet = ((COMMITTED, "committed"), (RELEASED, "released"), (REFUSED, "refused"), (RESERVED, "reserved"))
PAYMENT: Facet = ((VOIDED, "voided"), (CAPTURED, "captured"), (DECLINED, "declined"))
SHIPMENT: Facet = ((SHIPPED, "shipped"), (STOPPED, "stopped"))


def status_of(seen: Set[str]) -> Status:
    """Returns the status that the events named in `seen` amount to."""
    return next(status for status, holds in RULES if holds(seen))


def open_books(seen: Set[str]) -> list[str]:
    """Returns the modules that have not published a closing event yet; says something of cancelled orders only."""
    return [module for module, closing in CLOSING.items() if not closing & seen]


def stock_of(seen: Set[str]) -> str:
    """Returns what became of the stock: none, reserved, refused, released or committed."""
    return _facet(STOCK, seen)


def payment_of(seen: Set[str]) -> str:
    """Returns what became of the money: none, captured, declined or voided."""
    return _facet(PAYMENT, seen)


def shipment_of(seen: Set[str]) -> str:
    """Returns what became of the parcel: none, shipped or stopped."""
    return _facet(SHIPMENT, seen)


def _facet(facet: Facet, seen: Set[str]) -> str:
    return next((value for event, value in facet if event in seen), "none")
