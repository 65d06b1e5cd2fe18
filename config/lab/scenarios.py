"""The scenarios: what each orders, what is done about it at once, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models.functions import Now

from orders.models import Order
from orders.services import request_cancellation
from outbox.models import Delivery, PendingEvent
from outbox.operations.requesting import Refused
from outbox.relay.disturbing import ACKNOWLEDGEMENT_LOST, DUPLICATE
from outbox.relay.fan_out import fan_out

NOWHERE = "00000"  # a postcode to which the sandbox carrier does not deliver
LATE = timedelta(seconds=3)
ROUNDS = 10


class CannotRun(Refused):
    """The scenario cannot be run now; the text says what to do."""


def cancel_at_once(order: Order) -> None:
    """Asks for the cancellation with the order, so that both run at the same time."""
    request_cancellation(order_id=order.pk, requested_by="customer", reason="changed_mind")


def tell_payments_late(order: Order) -> None:
    """Fans the order out here and now, as the relay would a moment later, with payments' deliveries due later.

    Raises:
        CannotRun: so many events wait for the relay that this one's turn does not come.
    """
    waiting = PendingEvent.objects.filter(event__order_id=order.pk)
    for _ in range(ROUNDS):
        if not waiting.exists() or not fan_out():
            break
    told = Delivery.objects.filter(event__order_id=order.pk, reaction__id__startswith="payments.")
    late = told.filter(due_at__lt=Now() + LATE)  # its timers are due much later, and stay
    if not late.update(due_at=Now() + LATE):
        raise CannotRun("Payments has not subscribed to new orders, or too many events wait for the relay. Try later.")


def nothing(order: Order) -> None:
    """Leaves the order to itself."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`quantities` by SKU of the demo data; `ends` are the statuses in which it may end, `sentence` says why."""

    code: str
    title: str
    sentence: str
    ends: frozenset[str]
    quantities: dict[str, int] = field(default_factory=lambda: {"MUG-BLUE": 1})
    method: str = "pm_card_ok"
    postal_code: str = "SW1Y 4JH"
    at_once: Callable[[Order], None] = nothing

    @property
    def needs_stock(self) -> dict[str, int]:
        """What has to be in stock, so that it ends as it says."""
        return {} if self.code == "out-of-stock" else self.quantities


SHIPPED, CANCELLED, CANCELLING = frozenset({"shipped"}), frozenset({"cancelled"}), frozenset({"cancelling"})
SCENARIOS = (
    Scenario(
        code="happy",
        title="Everything goes well",
        sentence="Stock is reserved, the card is charged, and the parcel is shipped.",
        ends=SHIPPED,
        quantities={"MUG-BLUE": 2, "TEA-GREEN": 1},
    ),
    Scenario(
        code="out-of-stock",
        title="Out of stock",
        sentence="There is none left, so nobody is charged and the order is cancelled.",
        ends=CANCELLED,
        quantities={"SOLD-OUT": 1},
    ),
    Scenario(
        code="card-declined",
        title="The card is declined",
        sentence="The stock that was reserved is released, and the order is cancelled.",
        ends=CANCELLED,
        method="pm_card_declined_insufficient_funds",
    ),
    Scenario(
        code="outcome-unknown",
        title="The provider's answer is lost",
        sentence="The card is charged and nobody hears of it: the charge is looked up, not made again, and it ships.",
        ends=SHIPPED,
        method="pm_card_timeout_unknown",
    ),
    Scenario(
        code="slow-provider",
        title="The provider is slow",
        sentence="The charge takes 20 s: it is looked up until it is decided, and then the parcel is shipped.",
        ends=SHIPPED,
        method="pm_card_slow_20s",
    ),
    Scenario(
        code="shipment-fails",
        title="The carrier does not go there",
        sentence="The address cannot be delivered to: the money goes back, the stock as well, and it is cancelled.",
        ends=CANCELLED,
        postal_code=NOWHERE,
    ),
    Scenario(
        code="cancel-race",
        title="Cancelled while it is being fulfilled",
        sentence="The cancellation runs beside the order. Shipping decides: cancelled and given back, or shipped.",
        ends=SHIPPED | CANCELLED,
        at_once=cancel_at_once,
    ),
    Scenario(
        code="refund-fails",
        title="The refund fails",
        sentence="The carrier does not go there and the provider refuses the refund: somebody has to act.",
        ends=CANCELLING,
        method="pm_card_ok_refund_fails",
        postal_code=NOWHERE,
    ),
    Scenario(
        code=DUPLICATE,
        title="Every message twice",
        sentence="The relay sends each of its messages to the broker twice, at once. Nothing happens twice.",
        ends=SHIPPED,
    ),
    Scenario(
        code="reorder",
        title="Events in another order",
        sentence="Payments hears of the order 3 s late, after its stock was reserved: it waits for both, and charges.",
        ends=SHIPPED,
        at_once=tell_payments_late,
    ),
    Scenario(
        code=ACKNOWLEDGEMENT_LOST,
        title="A crash after the commit",
        sentence="Each message comes again when its work is committed, as after a crash that lost the acknowledgement.",
        ends=SHIPPED,
    ),
)
BY_CODE = {scenario.code: scenario for scenario in SCENARIOS}
