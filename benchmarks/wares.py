"""What is ordered. There are a hundred SKUs, so that neither side queues for the locks of a few rows of stock."""

from collections import Counter

from django.contrib.auth.models import User
from django.db import transaction

from inventory.services import set_stock
from orders.models import Product

SKUS = [f"WARE-{number:03d}" for number in range(100)]
IN_STOCK = 1_000_000
METHOD = "pm_card_ok"
SHIP_TO = {
    "recipient": "Ada Lovelace",
    "lines": ["12 St James Square"],
    "locality": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}

Lines = list[tuple[str, int]]


def stock_up() -> None:
    """Creates the customer, the price list and the stock in a database that has just been migrated."""
    with transaction.atomic():
        User.objects.create_user("customer", "ada@example.com")
        Product.objects.bulk_create(
            Product(sku=sku, name=f"Ware {sku}", unit_price=500 + 10 * number) for number, sku in enumerate(SKUS)
        )
        set_stock(levels=dict.fromkeys(SKUS, IN_STOCK))


def lines_of(number: int) -> Lines:
    """Returns what the order of this number orders: two different SKUs."""
    first = number % len(SKUS)
    second = (first + 1 + number * 7 % (len(SKUS) - 1)) % len(SKUS)
    return [(SKUS[first], 1 + number % 3), (SKUS[second], 1)]


def ordered(orders: int) -> Counter[str]:
    """Returns the units of each SKU in the first `orders` orders."""
    units: Counter[str] = Counter()
    for number in range(orders):
        for sku, quantity in lines_of(number):
            units[sku] += quantity
    return units
