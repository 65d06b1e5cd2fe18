"""What has to hold in every state, after every step, and when nothing is left to happen; each named by a sentence."""

from __future__ import annotations

from collections.abc import Callable, Container

from orders.status import CANCELLED, CLOSING, SETTLED, SHIPPED, status_of
from tests.protocol_model.state import Modules, has_published

REQUESTED = "orders.OrderCancellationRequested"
REJECTED = "orders.OrderCancellationRejected"

# Money that comes after the book was closed opens it again, until it is refunded.
REOPENING = frozenset({"payments.PaymentCaptured", "payments.LatePaymentReceived"})

# What a status may become at once. Nothing leaves a delivered or a cancelled order.
MOVES: dict[str, frozenset[str]] = {
    "placed": frozenset({"reserved", "cancelling"}),
    "reserved": frozenset({"paid", "cancelling"}),
    "paid": frozenset({"shipped", "cancelling"}),
    "shipped": frozenset({"delivered"}),
    "cancelling": frozenset({"cancelled"}),
}
NEVER_BACK = "the status never goes back"
ALL_DELIVERED = "no delivery waits for ever"


def may_become(before: str, after: str) -> bool:
    """Says whether a status that is read now and then may be `after`, having been `before`; it may skip some."""
    return before == after or any(may_become(following, after) for following in MOVES.get(before, ()))


def closings(published: tuple[str, ...], closing: Container[str]) -> list[bool]:
    """Returns for each closing event, in order, whether the book was open when it came."""
    found, is_open = [], True
    for name in published:
        if name in closing:
            found.append(is_open)
            is_open = False
        elif name in REOPENING:
            is_open = True
    return found


def broken_by_step(before: Modules, after: Modules) -> str | None:
    """Returns the first invariant that does not hold after the step from one state to another."""
    if broken := next((name for name, holds in ALWAYS.items() if not holds(after)), None):
        return broken
    forward = may_become(status_of(before.published), status_of(after.published))
    return None if forward else NEVER_BACK


def broken_at_rest(modules: Modules, *, still_pending: bool) -> str | None:
    """Returns the first invariant that does not hold now that nothing is certain to happen any more."""
    if still_pending:
        return ALL_DELIVERED
    return next((name for name, holds in AT_REST.items() if not holds(modules)), None)


def cancelled(modules: Modules) -> bool:
    return has_published(modules.orders, CANCELLED)


def shipped(modules: Modules) -> bool:
    return has_published(modules.shipping, SHIPPED)


def kept(modules: Modules) -> int:
    """Returns how often the customer has paid, less how often the money went back."""
    return modules.payments.provider.charges - modules.payments.provider.refunds


def stock_is_conserved(modules: Modules) -> bool:
    inventory = modules.inventory
    of_order = (inventory.held, inventory.sold) in ((0, 0), (1, 0), (0, 1))
    return of_order and inventory.free + inventory.held + inventory.sold == inventory.stocked


def books(modules: Modules) -> list[list[bool]]:
    """Returns for each module that keeps a book how it was closed."""
    return [closings(getattr(modules, app).published, closing) for app, closing in CLOSING.items()]


def refund_failed(modules: Modules) -> bool:
    return modules.payments.state == "refund_failed"


ALWAYS: dict[str, Callable[[Modules], bool]] = {
    "never shipped and cancelled": lambda m: not (shipped(m) and cancelled(m)),
    "never dispatched unpaid": lambda m: not shipped(m) or kept(m) == 1,
    "stock is conserved, and released once": stock_is_conserved,
    "what is shipped is held or sold": lambda m: not shipped(m) or m.inventory.state in ("held", "committed"),
    "never charged twice": lambda m: m.payments.provider.charges <= 1,
    "the money kept is nothing or the total": lambda m: kept(m) in (0, 1),
    "no money is taken before stock is held": lambda m: (
        m.payments.provider.charges == 0 or has_published(m.inventory, "inventory.StockReserved")
    ),
    "no order expires whose stock was never tried": lambda m: (
        not has_published(m.payments, "payments.PaymentExpired") or m.inventory.published != ()
    ),
    "a book is closed once": lambda m: all(was_open for book in books(m) for was_open in book),
}

AT_REST: dict[str, Callable[[Modules], bool]] = {
    "no stock is held for a cancelled order": lambda m: not cancelled(m) or m.inventory.held == 0,
    "what is shipped is off the stock": lambda m: not shipped(m) or m.inventory.sold == 1,
    "nothing is owed, but for a failed refund": lambda m: not cancelled(m) or kept(m) == 0 or refund_failed(m),
    "all books of a cancelled order are closed": lambda m: not cancelled(m) or refund_failed(m) or all(books(m)),
    "every request to cancel is answered": lambda m: (
        not has_published(m.orders, REQUESTED) or has_published(m.orders, CANCELLED, REJECTED)
    ),
    "every order is settled": lambda m: status_of(m.published) in SETTLED or refund_failed(m),
}

INVARIANTS = (*ALWAYS, NEVER_BACK, *AT_REST, ALL_DELIVERED)
