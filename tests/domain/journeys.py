"""Orders on their way through the real engine: placed, held up somewhere, and brought to their end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.contrib.auth.models import User

from inventory.models import Stock
from inventory.services import set_stock
from orders.events import Address
from orders.models import Order, Product
from orders.services import place_order, request_cancellation
from outbox.models import Delivery, Reaction
from outbox.testing import make_due, published, run_until_quiet

ROUNDS = 15
IN_STOCK = 5


def address(postal_code: str = "N1") -> Address:
    return Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB", postal_code=postal_code)


def order(method: str = "pm_card_ok", *, postal_code: str = "N1", quantity: int = 2) -> UUID:
    """Places an order, of which five are in stock; nothing has happened to it yet."""
    customer, _ = User.objects.get_or_create(username="ada", email="ada@example.com")
    Product.objects.get_or_create(sku="MUG", name="Blue mug", unit_price=1_999)
    set_stock(levels={"MUG": IN_STOCK})
    return place_order(
        customer=customer, lines=[("MUG", quantity)], payment_method=method, ship_to=address(postal_code)
    ).pk


def known_order(method: str = "pm_card_ok") -> UUID:
    """Places an order that everybody has heard of; the reservation of its stock is still to come."""
    order_id = order(method)
    with held_up("inventory.reserve_stock"):
        pass
    return order_id


def cancel(order_id: UUID) -> None:
    request_cancellation(order_id=order_id, requested_by="customer", reason="changed_mind")


@contextmanager
def held_up(*reactions: str) -> Iterator[None]:
    """While inside, these reactions are paused; what can happen without them has happened."""
    Reaction.objects.filter(pk__in=reactions).update(paused=True)
    run_until_quiet()
    yield
    run_until_quiet()
    Reaction.objects.filter(pk__in=reactions).update(paused=False)


def bring_to_the_end() -> None:
    """Lets everything happen, timers and retries included.

    Raises: AssertionError when that never ends.
    """
    for _ in range(ROUNDS):
        run_until_quiet()
        if not Delivery.objects.filter(state="waiting").exists():
            return
        make_due()
    raise AssertionError("some deliveries never find what they wait for")


def happened(order_id: UUID) -> set[str]:
    return {type(event).__name__ for event in published(order_id=order_id)}


def status(order_id: UUID) -> str:
    return Order.objects.get(pk=order_id).status


def stock() -> tuple[int, int]:
    """On hand and reserved."""
    row = Stock.objects.get(sku="MUG")
    return row.on_hand, row.reserved
