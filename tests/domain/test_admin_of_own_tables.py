"""The four apps' own tables can be looked at, searched by order, and not be changed."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inventory.models import Reservation, ReservationLine, Stock
from notifications.models import Addressee, Mail
from payments.models import Payment
from shipping.models import Shipment

pytestmark = pytest.mark.django_db
ORDER = uuid4()


@pytest.fixture(autouse=True)
def _rows() -> None:
    Stock.objects.create(sku="MUG", on_hand=1)
    ReservationLine.objects.create(reservation=Reservation.objects.create(order_id=ORDER), sku="MUG", quantity=1)
    Payment.objects.create(order_id=ORDER)
    Shipment.objects.create(order_id=ORDER)
    Addressee.objects.create(order_id=ORDER, number="ORD-1", email="ada@example.com", name="Ada", lines=[])
    Mail.objects.create(order_id=ORDER, template="placed")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.mark.parametrize("model", [Stock, Reservation, Payment, Shipment, Addressee, Mail])
class TestEachTable:
    def test_is_listed(self, staff: Client, model: type[Stock]) -> None:
        for query in ("", f"?q={ORDER}", "?q=%25'%22"):
            page = staff.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/{query}")
            assert page.status_code == 200

    def test_is_shown_and_not_changed(self, staff: Client, model: type[Stock]) -> None:
        page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{model.objects.get().pk}"
        assert staff.get(f"{page}/change/").status_code == 200
        assert staff.post(f"{page}/change/", {}).status_code == 403
        assert staff.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
