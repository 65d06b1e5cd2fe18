"""The list of orders says of each how its stock, payment, shipment and mail stand."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin.pages import look_at, words
from tests.admin.rows import an_event, an_order

pytestmark = pytest.mark.django_db

RESERVED, DECLINED = "inventory.StockReserved", "payments.PaymentDeclined"


def strip(client: Client) -> str:
    """The boxes of the only order in the list, in words."""
    (found,) = re.findall(r'(?s)<ol class="strip">.*?</ol>', look_at(client, "orders_order_changelist"))
    return words(found).strip()


def test_an_order_to_which_nothing_has_happened(admin_client: Client) -> None:
    an_order()
    assert strip(admin_client) == (
        "○ stock : nothing yet ○ pay : nothing yet ○ ship : nothing yet ○ mail : nothing yet"
    )


def test_each_stage_has_a_glyph_and_a_word_of_its_own(admin_client: Client) -> None:
    order = an_order(seen=[RESERVED])
    for name in (RESERVED, DECLINED, "shipping.ShipmentStopped", "notifications.NotificationSent"):
        an_event(name, order_id=order.pk)
    assert strip(admin_client) == "◔ stock : reserved ✕ pay : declined – ship : stopped ✓ mail : sent"  # noqa: RUF001


def test_a_mail_that_was_refused_is_told_before_those_that_were_sent(admin_client: Client) -> None:
    order = an_order()
    for name in ("notifications.NotificationFailed", "notifications.NotificationSent"):
        an_event(name, order_id=order.pk)
    assert strip(admin_client).endswith("✕ mail : one was refused")


def test_who_may_not_see_events_sees_what_the_status_is_made_of(client: Client) -> None:
    order = an_order(seen=[RESERVED])
    an_event("notifications.NotificationSent", order_id=order.pk)
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(staff)
    assert strip(client) == "◔ stock : reserved ○ pay : nothing yet ○ ship : nothing yet ○ mail : nothing yet"
