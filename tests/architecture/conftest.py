"""What the tests of the whole share: journeys of orders through all the apps."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from inventory.services import set_stock
from orders.events import Address
from orders.models import Product
from orders.services import place_order
from outbox.testing import run_until_quiet
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

HOME = Address(recipient="Ada Lovelace", lines=("12 St James Square",), locality="London", country="GB")

# Each ends otherwise: shipped, refused for want of stock, refused by the provider.
JOURNEYS = [(1, "pm_card_ok"), (1_000, "pm_card_ok"), (1, "pm_card_declined_insufficient_funds")]


@pytest.fixture
def journeys(db: None) -> None:
    """One order of each kind, and everything that follows from it."""
    customer = User.objects.create_user("ada", "ada@example.com")
    Product.objects.create(sku="MUG", name="Blue mug", unit_price=1_999)
    set_stock(levels={"MUG": 100})
    for quantity, method in JOURNEYS:
        place_order(customer=customer, lines=[("MUG", quantity)], payment_method=method, ship_to=HOME)
    run_until_quiet()
