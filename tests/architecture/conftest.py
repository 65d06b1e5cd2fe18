"""What the tests of the whole share: journeys of orders through all the apps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from inventory.services import set_stock
from orders.events import Address
from orders.models import Product
from orders.services import place_order, request_cancellation
from outbox import Money
from outbox.testing import make_due, run_until_quiet
from payments.models import Payment
from payments.services import refund_part
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)
from tests.webhooks.receiver import receiving
from webhooks.services import add_endpoint

NOWHERE = "00000"  # a postcode to which the sandbox carrier does not deliver

# Each ends otherwise: shipped, refused for want of stock, by the provider, or by the carrier, and cancelled by request.
# Of the shipped one a part is given back.
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
def somebody_listens(db: None, settings: Settings) -> Iterator[User]:
    """A customer whose own system hears of everything, beside one that is there no more."""
    settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS = True
    customer = User.objects.create_user("ada", "ada@example.com")
    with receiving() as sound, receiving() as gone:
        gone.status = 410
        for receiver in (sound, gone):
            add_endpoint(owner=customer, url=receiver.url, event_types=[])
        yield customer


@pytest.fixture
def journeys(somebody_listens: User) -> None:
    """One order of each kind, and everything that follows from it, the timers included."""
    customer = somebody_listens
    Product.objects.create(sku="MUG", name="Blue mug", unit_price=1_999)
    set_stock(levels={"MUG": 100})
    for quantity, method, postal_code, is_cancelled in JOURNEYS:
        order = place_order(
            customer=customer, lines=[("MUG", quantity)], payment_method=method, ship_to=home(postal_code)
        )
        if is_cancelled:
            request_cancellation(order_id=order.pk, requested_by="customer")
    run_until_quiet()
    paid = Payment.objects.get(state="captured")
    refund_part(payment_id=paid.pk, amount=Money(amount=500, currency="EUR"), reason="damaged")
    run_until_quiet()
    make_due()
    run_until_quiet()
