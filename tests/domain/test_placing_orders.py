"""Placing an order: at today's prices, with its event, in few statements, or not at all."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.events import Address, OrderedLine, OrderPlaced
from orders.models import PAYMENT_METHOD, Order, OrderLine, Product, Status
from orders.services import (
    CannotPlace,
    InactiveSku,
    InvalidLines,
    MixedCurrencies,
    TotalTooLarge,
    UnknownSku,
    place_order,
)
from outbox import Money
from outbox.testing import published

ADDRESS = Address(recipient="Ada", lines=("1 Main St",), locality="London", country="GB", postal_code="N1")


@pytest.fixture(autouse=True)
def _products(db: None) -> None:
    Product.objects.create(sku="MUG", name="Blue mug", unit_price=1_999)
    Product.objects.create(sku="TEA", name="Green tea", unit_price=650)
    Product.objects.create(sku="OLD", name="Old pot", unit_price=100, active=False)
    Product.objects.create(sku="YEN", name="Yen pot", unit_price=500, currency="JPY")
    Product.objects.create(sku="GOLD", name="Gold pot", unit_price=10**11)


@pytest.fixture
def customer(db: None) -> User:
    return User.objects.create_user("ada", "ada@example.com")


def place(customer: User, *lines: tuple[str, int]) -> Order:
    return place_order(customer=customer, lines=lines, payment_method="pm_card_ok", ship_to=ADDRESS)


def euros(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


class TestPlacing:
    def test_keeps_the_order_as_it_was_placed(self, customer: User) -> None:
        order = Order.objects.get(pk=place(customer, ("MUG", 2), ("TEA", 1)).pk)
        assert re.fullmatch(r"ORD-20\d\d-\d{6,}", order.number)
        assert (order.total, order.currency, order.status, order.seen) == (4_648, "EUR", Status.PLACED, [])
        assert (order.customer, order.customer_email) == (customer, "ada@example.com")
        assert order.ship_to == {
            "recipient": "Ada",
            "lines": ["1 Main St"],
            "locality": "London",
            "country": "GB",
            "postal_code": "N1",
        }
        lines = order.lines.order_by("sku").values_list("sku", "name", "quantity", "unit_price")
        assert list(lines) == [("MUG", "Blue mug", 2, 1_999), ("TEA", "Green tea", 1, 650)]

    def test_publishes_it(self, customer: User) -> None:
        order = place(customer, ("TEA", 1), ("MUG", 2))
        assert published(order_id=order.pk) == [
            OrderPlaced(
                order_id=order.pk,
                number=order.number,
                customer_id=customer.pk,
                customer_email="ada@example.com",
                lines=(
                    OrderedLine(sku="TEA", name="Green tea", quantity=1, unit_price=euros(650), total=euros(650)),
                    OrderedLine(sku="MUG", name="Blue mug", quantity=2, unit_price=euros(1_999), total=euros(3_998)),
                ),
                total=euros(4_648),
                payment_method="pm_card_ok",
                ship_to=ADDRESS,
                sandbox=True,
            )
        ]

    def test_numbers_each_order(self, customer: User) -> None:
        first, second = place(customer, ("MUG", 1)), place(customer, ("MUG", 1))
        assert int(second.number.rpartition("-")[2]) == int(first.number.rpartition("-")[2]) + 1

    def test_goes_on_numbering_beyond_six_digits(self, customer: User) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('orders_number', 1234566)")
        assert place(customer, ("MUG", 1)).number.endswith("-1234567")
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('orders_number', 1)")

    def test_takes_three_statements_however_many_lines(self, customer: User) -> None:
        for lines in ([("MUG", 1)], [("MUG", 1), ("TEA", 2)]):
            with transaction.atomic(), CaptureQueriesContext(connection) as queries:
                place(customer, *lines)
            assert len(queries) == 3

    def test_returns_an_order_that_knows_its_customer(self, customer: User) -> None:
        order = place(customer, ("MUG", 1))
        with CaptureQueriesContext(connection) as queries:
            assert (order.customer.username, order.status, order.placed_at) == ("ada", "placed", order.status_since)
        assert len(queries) == 0


@pytest.mark.parametrize(
    ("lines", "refusal", "says"),
    [
        ([("NOPE", 1), ("MUG", 1), ("NEITHER", 1)], UnknownSku, "NOPE, NEITHER"),
        ([("MUG", 1), ("OLD", 1)], InactiveSku, "OLD"),
        ([("MUG", 1), ("YEN", 1)], MixedCurrencies, "EUR, JPY"),
        ([("GOLD", 1), ("MUG", 1)], TotalTooLarge, "100000001999"),
        ([("GOLD", 999_999)], TotalTooLarge, "above"),
        ([], InvalidLines, "at least one line"),
        ([("MUG", 1), ("MUG", 2)], InvalidLines, "each SKU once"),
        ([("MUG", 0)], InvalidLines, "quantities from 1"),
        ([("MUG", 1_000_000)], InvalidLines, "999,999"),
    ],
)
def test_what_cannot_be_placed_is_refused_and_leaves_nothing(
    customer: User, lines: list[tuple[str, int]], refusal: type[CannotPlace], says: str
) -> None:
    with transaction.atomic():
        with pytest.raises(refusal, match=re.escape(says)):
            place(customer, *lines)
        # The caller's transaction is still good: a refusal can be stored as the answer to the request.
        assert (Order.objects.count(), OrderLine.objects.count(), published()) == (0, 0, [])


@pytest.mark.parametrize(
    ("method", "accepted"),
    [
        ("pm_card_ok", True),
        ("pm_card_declined_insufficient_funds", True),
        ("pm_1Pgc76LkdIwHu7ix6mDgd7Ay", True),
        ("pm_card_ok\n", False),
        ("4242424242424242", False),
        ("pm_", False),
        ("pm_" + "x" * 61, False),
    ],
)
def test_a_payment_method_is_a_name_and_never_a_card_number(method: str, accepted: bool) -> None:
    assert bool(re.search(PAYMENT_METHOD.regex, method)) == accepted
