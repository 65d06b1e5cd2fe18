"""`manage.py api_sweep`."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from api import sweeping
from api.models import AuthToken, IdempotencyKey, Throttle
from orders.models import Order
from tests.api.conftest import Place

pytestmark = pytest.mark.django_db


def swept(**options: object) -> list[str]:
    said = StringIO()
    call_command("api_sweep", stdout=said, **options)
    return said.getvalue().split("\n")[:-1]


def test_an_answer_can_be_repeated_for_a_day_and_not_for_ever(place: Place) -> None:
    first = place(key="k").json()["id"]
    assert swept() == ["0 answers", "0 tokens", "0 counters"]
    assert place(key="k").json()["id"] == first
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert swept()[0] == "1 answers"
    assert place(key="k").json()["id"] != first
    assert Order.objects.count() == 2


def test_everything_old_goes_in_small_steps(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    for _ in range(5):
        place()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=2))
    place()
    assert swept()[0] == "5 answers"
    assert IdempotencyKey.objects.count() == 1


def test_tokens_and_counters_go_when_they_have_ended(api: Client, stranger: Client) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    AuthToken.objects.filter(user__username="eve").update(expiry=long_ago)
    Throttle.objects.create(key="read:1", used=1, ends_at=long_ago)
    Throttle.objects.create(key="read:2", used=1, ends_at=timezone.now())
    assert swept() == ["0 answers", "1 tokens", "1 counters"]
    assert api.get("/api/v1/orders").status_code == 200
    assert Throttle.objects.count() == 1
