"""The groups of the staff, made when migrating: Support, Operator and Auditor."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat

APPS = ["outbox", "orders", "inventory", "payments", "shipping", "notifications", "webhooks"]
# Beyond looking at everything, which all of them may.
SUPPORT = {"outbox.write_note", "orders.request_cancel"}
GROUPS = {
    "Support": SUPPORT,
    "Operator": SUPPORT
    | {"outbox.redeliver", "outbox.skip", "outbox.park", "outbox.pause_reaction", "outbox.examine"}
    | {"outbox.run_scenario"},
    "Auditor": {"outbox.view_sensitive_payload", "outbox.examine", "outbox.audit"},
}


def make_groups(sender: Any, using: str, **kwargs: Any) -> None:
    """Makes the groups that are missing, and gives each the permissions that it lacks, once all apps have theirs.

    It takes nothing away, so what somebody has added stays.
    """
    if sender.label != [config for config in apps.get_app_configs() if config.models_module][-1].label:
        return
    looking = set(_looking(using))
    acting = {f"{one.content_type.app_label}.{one.codename}": one for one in _acting(using)}
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(*looking, *(acting[permission] for permission in permissions))


def _looking(using: str) -> QuerySet[Permission]:
    """What Django makes for each table; `view_sensitive_payload` is of another kind, whatever its name."""
    of_a_table = Concat(Value("view_"), F("content_type__model"))
    return Permission.objects.using(using).filter(content_type__app_label__in=APPS, codename=of_a_table)


def _acting(using: str) -> QuerySet[Permission]:
    codenames = {permission.partition(".")[2] for permissions in GROUPS.values() for permission in permissions}
    found = Permission.objects.using(using).select_related("content_type")
    return found.filter(content_type__app_label__in=APPS, codename__in=codenames)
