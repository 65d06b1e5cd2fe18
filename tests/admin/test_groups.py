"""Who may do what: the groups that migrating makes, each action by each of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from config.groups import GROUPS, make_groups
from tests.admin.rows import a_reaction, an_order
from tests.admin.staff import a_parked_one, page

pytestmark = pytest.mark.django_db

LAST = [config for config in apps.get_app_configs() if config.models_module][-1]


def asks_to(kind: str) -> Callable[[], str]:
    return lambda: f"{page(kind)}?deliveries={a_parked_one().pk}"


ACTIONS: dict[str, Callable[[], str]] = {
    "look": lambda: reverse("admin:outbox_delivery_change", args=[a_parked_one().pk]),
    "note": lambda: reverse("admin:outbox_note_on_order", args=[an_order().pk]),
    "cancel": lambda: reverse("admin:orders_order_cancel", args=[an_order().pk]),
    "redeliver": asks_to("redeliver"),
    "release": asks_to("release"),
    "skip": asks_to("skip"),
    "park": asks_to("park"),
    "pause": lambda: reverse("admin:outbox_reaction_pause", args=[a_reaction().pk]),
    "resume": lambda: reverse("admin:outbox_reaction_resume", args=[a_reaction().pk]),
    "look at promises": lambda: reverse("consistency"),
    "reveal": lambda: reverse("admin:outbox_reveal", args=[an_order().pk]),
}
MAY = {
    "Support": {"look", "look at promises", "note", "cancel"},
    "Operator": {
        "look",
        "look at promises",
        "note",
        "cancel",
        "redeliver",
        "release",
        "skip",
        "park",
        "pause",
        "resume",
    },
    "Auditor": {"look", "look at promises", "reveal"},
    "nobody": set[str](),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", MAY)
def test_each_role_may_do_what_it_may_and_nothing_else(client: Client, role: str, action: str) -> None:
    user = User.objects.create_user("sue", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    answer = client.get(ACTIONS[action]())
    assert answer.status_code == (200 if action in MAY[role] else 403)


def test_groups_see_every_list_of_ours(client: Client) -> None:
    user = User.objects.create_user("sue", is_staff=True)
    user.groups.set(Group.objects.filter(name="Support"))
    client.force_login(user)
    for view in ("outbox_event", "outbox_failuregroup", "outbox_operation", "orders_order", "payments_payment"):
        assert client.get(reverse(f"admin:{view}_changelist")).status_code == 200
    assert client.get(reverse("admin:auth_user_changelist")).status_code == 403


def test_migrating_again_gives_back_what_is_missing_and_takes_nothing_away() -> None:
    support, auditor = Group.objects.get(name="Support"), Group.objects.get(name="Auditor")
    sensitive = auditor.permissions.get(codename="view_sensitive_payload")
    before = set(support.permissions.all())
    support.permissions.clear()
    support.permissions.add(sensitive)
    make_groups(sender=LAST, using="default")
    assert set(support.permissions.all()) == before | {sensitive}
    assert Group.objects.count() == len(GROUPS)
