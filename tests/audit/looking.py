"""The page of the audit as tests see it, and what is told on it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from outbox.models import Operation
from tests.admin.pages import main_part, words


def html(client: Client, **asked: Any) -> str:
    response = client.get(reverse("audit"), asked)
    assert response.status_code == 200
    return main_part(response.content.decode())


def audit(client: Client, **asked: Any) -> str:
    """The words of the list, without those of the filters above it."""
    return words(html(client, **asked)).partition("Show all")[2]


def an_operation(**given: Any) -> Operation:
    told = {"kind": "act", "actor": "staff:sue", "about": "did something", "reason": "had to"} | given
    return Operation.objects.create(**told)


def a_change(thing: Any, flag: int = CHANGE, said: str = "Did it.") -> None:
    user, _ = User.objects.get_or_create(username="mo")
    LogEntry.objects.log_actions(user.pk, [thing], flag, said, single_object=True)
