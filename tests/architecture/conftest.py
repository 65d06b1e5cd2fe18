"""What the tests of the whole share: journeys of orders through all the apps."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from inventory.services import set_stock
from orders.events import Address
from orders.models import Product
from orders.services import place_order, request_cancellation
from outbox.testing import make_due, run_until_quiet
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

NOWHERE = "00000"  # a postcode to which the sandbox carrier does not deliver

# Each ends otherwise: shipped, refused for want of stock, by the provider, or by the carrier, and cancelled by request.
JOURNEYS = [
    (1, "pm_card_ok", "N1", False),
    (1_000, "pm_card_ok", "N1", False),
    (1, "pm_card_declined_insufficient_funds", "N1", False),
    (1, "pm_card_ok", NOWHERE, False),
    (1, "pm_card_ok", "N1", True),
]


def home(postal_code: str) -> Address:
    return Address(
        recipient="Ada Lovelace",
        lines=("12 St James Square",),
        locality="London",
        country="GB",
        postal_code=postal_code,
    )


HOME = home("SW1Y 4JH")


@pytest.fixture
def journeys(db: None) -> None:
    """One order of each kind, and everything that follows from it, the timers included."""
    customer = User.objects.create_user("ada", "ada@example.com")
    Product.objects.create(sku="MUG", name="Blue mug", unit_price=1_999)
    set_stock(levels={"MUG": 100})
    for quantity, method, postal_code, is_cancelled in JOURNEYS:
        order = place_order(
            customer=customer, lines=[("MUG", quantity)], payment_method=method, ship_to=home(postal_code)
        )
        if is_cancelled:
            request_cancellation(order_id=order.pk, requested_by="customer")
    run_until_quiet()
    make_due()
    run_until_quiet()
