"""Staff at work in the admin: who may do what, and how they ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from outbox.models import Delivery
from tests.admin.pages import words
from tests.admin.rows import a_delivery, an_event, an_order

VIEWS = ["view_delivery", "view_operation", "view_failuregroup", "view_reaction", "view_order", "view_event"]


@pytest.fixture
def sue(client: Client) -> Client:
    """An operator, who may do everything that is asked about here."""
    return staff(client, "redeliver", "skip", "park", "pause_reaction", "write_note")


def staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("sue", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[*VIEWS, *permissions]))
    client.force_login(user)
    return client


def a_parked_one(**given: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "state": "parked",
        "attempts": 8,
        "outcome": "ValueError: no such SKU (after 8 attempts)",
    }
    return a_delivery(an_event(order_id=an_order().id), **(defaults | given))


def page(kind: str) -> str:
    return reverse("admin:outbox_delivery_operate", args=[kind])


def choose(client: Client, action: str, *deliveries: Delivery) -> str:
    """What an action of the list of deliveries asks."""
    form = {"action": action, "_selected_action": [delivery.pk for delivery in deliveries]}
    return words(client.post(reverse("admin:outbox_delivery_changelist"), form).content.decode())


def answer(client: Client, kind: str, *deliveries: Delivery, **given: Any) -> str:
    form = {"answered": "1", "deliveries": ",".join(str(delivery.pk) for delivery in deliveries)} | given
    return words(client.post(page(kind), form, follow=True).content.decode())
