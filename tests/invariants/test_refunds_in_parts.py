"""Orders of which a part of the money goes back: each ends, and everything that has to hold of the whole holds."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import transaction

from config.invariants import INVARIANTS, copy_ledgers, examine
from notifications.models import Mail
from orders.models import Order
from orders.status import payment_of
from outbox import Money
from tests.domain.journeys import bring_to_the_end, cancel, happened, held_up, order, status
from tests.domain.test_partial_refunds import SOME, part_of

pytestmark = pytest.mark.django_db(transaction=True)


def assert_sound() -> None:
    with transaction.atomic():
        copy_ledgers()
        assert [one.promise for one in INVARIANTS if examine(one).count] == []


def test_an_order_that_is_shipped_gets_two_parts_back_and_two_mails_that_name_them() -> None:
    order_id = order()
    bring_to_the_end()
    for amount in (500, 250):
        part_of(order_id, Money(amount=amount, currency="EUR"))
        bring_to_the_end()
    assert (status(order_id), payment_of(set(Order.objects.get(pk=order_id).seen))) == (
        "shipped",
        "partly_refunded",
    )
    mails = [sent for sent in mail.outbox if "giving back" in sent.subject]
    assert ["5.00 EUR" in str(mails[0].body), "2.50 EUR" in str(mails[1].body), len(mails)] == [True, True, 2]
    assert len({sent.extra_headers["Message-ID"] for sent in mails}) == 2
    assert Mail.objects.filter(order_id=order_id, template__startswith="partly_refunded.", state="sent").count() == 2
    assert_sound()


@pytest.mark.parametrize("amount", [SOME, None])
def test_an_order_that_is_cancelled_afterwards_gets_all_back(amount: Money | None) -> None:
    order_id = order()
    with held_up("shipping.buy_label"):
        part_of(order_id, amount)
    with held_up("shipping.buy_label"):
        cancel(order_id)
    bring_to_the_end()
    assert status(order_id) == "cancelled"
    assert happened(order_id) >= {"PaymentPartlyRefunded", "PaymentRefunded", "OrderCancelled"}
    assert_sound()


def test_an_order_that_is_cancelled_while_a_part_is_on_its_way_gets_all_back() -> None:
    order_id = order()
    with held_up("shipping.buy_label", "payments.refund_part"):
        pass
    with held_up("shipping.buy_label", "payments.refund_part"):
        part_of(order_id)
        cancel(order_id)
    bring_to_the_end()
    assert status(order_id) == "cancelled"
    assert happened(order_id) >= {"PaymentPartlyRefunded", "PaymentRefunded"}
    assert_sound()
