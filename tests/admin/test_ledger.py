"""The money on the page of an order: what was taken, and each refund as it stands."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from orders.models import Order
from outbox.models import Subscription
from tests.admin.pages import read
from tests.admin.rows import an_event, an_order

pytestmark = pytest.mark.django_db

PART, REST = {"amount": 500, "currency": "EUR"}, {"amount": 3498, "currency": "EUR"}


@pytest.fixture
def paid() -> Order:
    Subscription.objects.all().delete()  # the real reactions would be missed
    order = an_order()
    amount = {"amount": 3998, "currency": "EUR"}
    an_event(order_id=order.id, name="payments.PaymentCaptured", payload={"amount": amount})
    return order


def started(order: Order, refund: str) -> None:
    payload = {"refund_id": refund, "amount": PART, "reason": "damaged"}
    an_event(order_id=order.id, name="payments.PartialRefundStarted", payload=payload)


def failed(order: Order, refund: str) -> None:
    payload = {"refund_id": refund, "amount": PART, "code": "lost_card"}
    an_event(order_id=order.id, name="payments.PartialRefundFailed", payload=payload)


def page_of(client: Client, order: Order) -> str:
    return read(client, "orders_order_change", order.pk)


def test_is_not_there_as_long_as_nothing_goes_back(admin_client: Client, paid: Order) -> None:
    assert "The money" not in page_of(admin_client, paid)


def test_lists_each_refund_once_as_it_stands(admin_client: Client, paid: Order) -> None:
    first, second = str(uuid4()), str(uuid4())
    for refund in (first, second):
        started(paid, refund)
    payload = {"refund_id": second, "amount": PART, "reason": "damaged"}
    an_event(order_id=paid.id, name="payments.PaymentPartlyRefunded", payload=payload)
    an_event(order_id=paid.id, name="payments.PaymentRefundStarted", payload={"amount": REST, "reason": "cancelled"})
    page = page_of(admin_client, paid)
    assert "paid 39.98 EUR ✓ taken" in page
    assert "damaged 5.00 EUR ◔ on its way" in page
    assert "damaged 5.00 EUR ↶ given back" in page
    assert "cancelled 34.98 EUR ◔ on its way" in page


def test_one_that_failed_needs_somebody_until_it_has_gone_back(admin_client: Client, paid: Order) -> None:
    refund = str(uuid4())
    started(paid, refund)
    failed(paid, refund)
    page = page_of(admin_client, paid)
    assert "damaged 5.00 EUR ! refused" in page
    assert "needs attention: money owed" in page
    assert "5.00 EUR could not be given back" in page
    payload = {"refund_id": refund, "amount": PART, "reason": "damaged"}
    an_event(order_id=paid.id, name="payments.PaymentPartlyRefunded", payload=payload)
    assert "money owed" not in page_of(admin_client, paid)


def test_one_that_was_settled_in_another_way_needs_nobody(admin_client: Client, paid: Order) -> None:
    refund = str(uuid4())
    started(paid, refund)
    failed(paid, refund)
    payload = {"refund_id": refund, "amount": PART}
    an_event(order_id=paid.id, name="payments.PartialRefundDropped", payload=payload)
    page = page_of(admin_client, paid)
    assert "damaged 5.00 EUR – settled otherwise" in page  # noqa: RUF001  # a dash on purpose
    assert "money owed" not in page
