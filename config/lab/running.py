"""Running a scenario: one order, placed by the service that the REST API uses, with its record."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from config.lab.scenarios import CannotRun, Scenario
from inventory.models import Stock
from orders.events import Address
from orders.models import Order
from orders.services import CannotPlace, place_order
from outbox.operations.requesting import record_scenario

CUSTOMER = "demo"
MEND = "`manage.py seed_demo` adds the demo data that is missing."


def customer_or(staff: User) -> User:
    """Returns for whom scenarios order: the customer of the demo data, or this user if there is none."""
    return User.objects.filter(username=CUSTOMER, is_active=True).first() or staff


def run(scenario: Scenario, *, actor: str, customer: User) -> Order:
    """Places the scenario's order for this customer.

    Raises:
        CannotRun: a product or its stock is missing, or the scenario cannot be arranged now.
    """
    _check_stock(scenario)
    with transaction.atomic():
        try:
            order = place_order(
                customer=customer,
                lines=list(scenario.quantities.items()),
                payment_method=scenario.method,
                ship_to=_address(scenario.postal_code),
            )
        except CannotPlace as refused:
            raise CannotRun(f"{refused} {MEND}") from refused
        reason = f"{scenario.title}. {scenario.sentence}"
        record_scenario(scenario.code, actor=actor, order_id=order.pk, reason=reason)
        scenario.at_once(order)
    return order


def _check_stock(scenario: Scenario) -> None:
    """Without enough of it every scenario would end as the one that is out of stock."""
    stock = Stock.objects.in_bulk(list(scenario.needs_stock))
    for sku, quantity in scenario.needs_stock.items():
        if sku not in stock:
            raise CannotRun(f"There is no stock of {sku}. {MEND}")
        if stock[sku].on_hand - stock[sku].reserved < quantity:
            raise CannotRun(f"All of {sku} is sold or reserved: put some in stock, by the REST API, and try again.")


def _address(postal_code: str) -> Address:
    return Address(
        recipient="Ada Lovelace",
        lines=("12 St James Square",),
        locality="London",
        postal_code=postal_code,
        country="GB",
    )
