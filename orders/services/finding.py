"""Finding an order by what people have at hand: its number, its id, or the beginning of either."""

from __future__ import annotations

import re
from uuid import UUID

from django.db.models import Q, QuerySet

from orders.models import Order
from outbox.references import orders_meant_by

MOST = 10_000
HEX = re.compile(r"[0-9a-f]{4,32}\Z")


class NoSuchOrder(LookupError):
    """No order, or more than one, is meant by the term; the message says which."""


def find_order(term: str) -> Order:
    """Returns the order whose number or id is, or alone begins with, the term.

    Raises:
        NoSuchOrder: none does, or several do.
    """
    wanted = term.strip()
    found = list(Order.objects.filter(_meant_by(wanted)).order_by("pk")[:3]) if wanted and "\x00" not in wanted else []
    exact = [order for order in found if wanted.upper() == order.number]
    if len(found) == 1 or exact:
        return (exact or found)[0]
    if found:
        raise NoSuchOrder(
            f"Several orders begin with {wanted!r}, such as {', '.join(map(str, found))}; say more of it."
        )
    raise NoSuchOrder(f"There is no order {wanted!r}: neither a number nor an id begins with it.")


def search_orders(orders: QuerySet[Order], term: str) -> QuerySet[Order]:
    """Returns those of the orders that are meant by whatever a person has at hand; see `orders_meant_by`.

    Each way is an index of its own, joined to the others by their ids: an OR over them would read every order.
    """
    by_number = Order.objects.filter(_meant_by(term)).order_by("-pk").values("pk")[:MOST]
    return orders.filter(pk__in=by_number.union(orders_meant_by(term)))


def _meant_by(term: str) -> Q:
    """Both ways use an index: the numbers' is made for beginnings, and the ids that begin so are a range."""
    meant = Q(number__startswith=term.upper())
    digits = term.lower().replace("-", "")
    if HEX.match(digits):
        meant |= Q(pk__range=(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))
    return meant
