"""Placing an order: at today's prices, with its event, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import uuid_utils.compat
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from orders.events import Address, OrderedLine, OrderPlaced
from orders.models import Order, Product
from orders.status import status_of
from outbox import Money, publish

LARGEST_QUANTITY = 999_999
# In the currency's minor unit. Far below what a bigint holds, far above what anybody orders here.
LARGEST_TOTAL = 100_000_000_000

# One statement: placing an order is the path that a customer waits for.
PLACE = """
WITH placed AS (
    INSERT INTO orders_order (id, number, customer_id, customer_email, currency, total, payment_method, ship_to,
                              sandbox, status, seen, placed_at, status_since)
    SELECT %(id)s, to_char(statement_timestamp() AT TIME ZONE 'UTC', '"ORD-"YYYY-')
                   || lpad(n::text, greatest(6, length(n::text)), '0'),
           %(customer)s, %(email)s, %(currency)s, %(total)s, %(payment_method)s, %(ship_to)s::jsonb,
           %(sandbox)s, %(status)s, '[]', statement_timestamp(), statement_timestamp()
    FROM nextval('orders_number') AS n
    RETURNING *),
lines AS (
    INSERT INTO orders_orderline (order_id, sku, name, quantity, unit_price)
    SELECT placed.id, line.sku, line.name, line.quantity, (line.unit_price ->> 'amount')::bigint
    FROM placed, jsonb_to_recordset(%(lines)s::jsonb) AS line (sku text, name text, quantity int, unit_price jsonb))
SELECT * FROM placed
"""


class CannotPlace(ValueError):
    """The order cannot be placed as it is; the message says what to mend."""


class InvalidLines(CannotPlace):
    """An order needs at least one line, each SKU once, and quantities from 1 to 999,999."""


class UnknownSku(CannotPlace):
    """These SKUs are not on the price list."""

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(f"Not on the price list: {', '.join(skus)}.")
        self.skus = skus


class InactiveSku(CannotPlace):
    """These SKUs are not sold any more."""

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(f"Not sold any more: {', '.join(skus)}.")
        self.skus = skus


class MixedCurrencies(CannotPlace):
    """An order has one currency; place one order for each."""

    def __init__(self, currencies: Sequence[str]) -> None:
        super().__init__(f"An order has one currency, these lines have {', '.join(currencies)}.")
        self.currencies = currencies


class TotalTooLarge(CannotPlace):
    """The total is above `LARGEST_TOTAL`."""

    def __init__(self, total: Money) -> None:
        super().__init__(f"The total of {total.amount} is above {LARGEST_TOTAL} (in the minor unit).")
        self.total = total


def place_order(*, customer: User, lines: Sequence[tuple[str, int]], payment_method: str, ship_to: Address) -> Order:
    """Places an order at today's prices and publishes `OrderPlaced`, both or neither.

    `lines` are pairs of SKU and quantity. May run in a transaction of the caller, who may go on after a refusal:
    everything is checked before anything is written.

    Raises:
        InvalidLines, UnknownSku, InactiveSku, MixedCurrencies, TotalTooLarge: all are `CannotPlace`.
    """
    ordered = _priced(lines)
    total = _total(ordered)
    with transaction.atomic(savepoint=False):
        order = _insert(customer, ordered, total, payment_method, ship_to)
        publish(
            OrderPlaced(
                order_id=order.id,
                number=order.number,
                customer_id=order.customer_id,
                customer_email=order.customer_email,
                lines=ordered,
                total=total,
                payment_method=payment_method,
                ship_to=ship_to,
                sandbox=order.sandbox,
            )
        )
    return order


def _insert(customer: User, lines: Sequence[OrderedLine], total: Money, payment_method: str, ship_to: Address) -> Order:
    order = Order.objects.raw(
        PLACE,
        {
            "id": uuid_utils.compat.uuid7(),
            "customer": customer.pk,
            "email": customer.email,
            "currency": total.currency,
            "total": total.amount,
            "payment_method": payment_method,
            "ship_to": _json(ship_to),
            "sandbox": settings.SANDBOX,
            "status": status_of(frozenset()),
            "lines": _json(lines),
        },
    )[0]
    order.customer = customer
    return order


def _priced(lines: Sequence[tuple[str, int]]) -> tuple[OrderedLine, ...]:
    wanted = dict(lines)
    if not wanted or len(wanted) < len(lines) or not all(1 <= n <= LARGEST_QUANTITY for n in wanted.values()):
        raise InvalidLines(InvalidLines.__doc__)
    products = Product.objects.in_bulk(list(wanted))
    _refuse_unsellable(list(wanted), products)
    return tuple(_line(products[sku], quantity) for sku, quantity in wanted.items())


def _refuse_unsellable(skus: Sequence[str], products: Mapping[str, Product]) -> None:
    if unknown := [sku for sku in skus if sku not in products]:
        raise UnknownSku(unknown)
    if inactive := [sku for sku in skus if not products[sku].active]:
        raise InactiveSku(inactive)
    if len(currencies := sorted({product.currency for product in products.values()})) > 1:
        raise MixedCurrencies(currencies)


def _line(product: Product, quantity: int) -> OrderedLine:
    return OrderedLine(
        sku=product.sku,
        name=product.name,
        quantity=quantity,
        unit_price=Money(amount=product.unit_price, currency=product.currency),
        total=Money(amount=product.unit_price * quantity, currency=product.currency),
    )


def _total(lines: Sequence[OrderedLine]) -> Money:
    total = Money(amount=sum(line.total.amount for line in lines), currency=lines[0].total.currency)
    if total.amount > LARGEST_TOTAL:
        raise TotalTooLarge(total)
    return total


def _json(thing: object) -> str:
    return msgspec.json.encode(thing).decode()
