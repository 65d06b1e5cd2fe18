"""What the apps keep of an order leads to the page of the order."""

from __future__ import annotations

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from inventory.models import Reservation
from notifications.models import Mail
from outbox.admin.links import order_url
from payments.models import Payment, Refund
from shipping.models import Shipment
from tests.admin.pages import main_part, read
from tests.admin.rows import an_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Reservation, Payment, Shipment, Mail])
def test_a_row_and_its_place_in_the_list_lead_to_the_order(admin_client: Client, model: type[Model]) -> None:
    order = an_order()
    row = model._default_manager.create(order_id=order.pk)
    page = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    for address in (reverse(f"{page}_changelist"), reverse(f"{page}_change", args=[row.pk])):
        assert f'href="{order_url(order.pk)}"' in main_part(admin_client.get(address).content.decode())


def test_money_is_written_as_people_write_it(admin_client: Client) -> None:
    order = an_order()
    paid = {"amount": 123450, "currency": "EUR", "given_back": 50, "state": "captured"}
    payment = Payment.objects.create(order_id=order.pk, method="pm_card_ok", **paid)
    assert "Captured 1,234.50 EUR 0.50 EUR pm_card_ok -" in read(admin_client, "payments_payment_changelist")
    Refund.objects.create(payment=payment, order_id=order.pk, amount=50, reason="goodwill", state="refunded")
    assert "Refunded 0.50 EUR Goodwill" in read(admin_client, "payments_refund_changelist")
