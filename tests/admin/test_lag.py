"""How far a reaction is behind, as its list shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from outbox.models import Reaction
from tests.admin.pages import read
from tests.admin.rows import a_delivery, a_dispatch, a_reaction, an_event, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def four_behind() -> Reaction:
    """Four deliveries are due, since two minutes; a fifth is a timer."""
    reaction, now = a_reaction(), timezone.now()
    for minutes in (2, 1, 1, 1, -5):
        event = an_event(order_id=an_order().id)
        a_delivery(event, reaction, state="waiting", due_at=now - timedelta(minutes=minutes, seconds=3), dispatch=None)
    return reaction


def test_in_deliveries_and_in_time(admin_client: Client) -> None:
    told = read(admin_client, "outbox_reaction_changelist")
    assert "▶ running 4 behind, by 2 min" in told
    assert "to catch up" not in told


def test_how_long_it_takes_at_the_pace_of_the_last_minute(admin_client: Client, four_behind: Reaction) -> None:
    a_dispatch(four_behind, sent_at=timezone.now() - timedelta(seconds=20), size=8)
    a_dispatch(four_behind, sent_at=timezone.now() - timedelta(hours=1), size=1_000)
    assert "about 30.0 s to catch up" in read(admin_client, "outbox_reaction_change", four_behind.pk)


def test_not_at_all_while_it_is_paused(admin_client: Client, four_behind: Reaction) -> None:
    a_dispatch(four_behind, sent_at=timezone.now() - timedelta(seconds=20), size=8)
    Reaction.objects.filter(pk=four_behind.pk).update(paused=True)
    told = read(admin_client, "outbox_reaction_changelist")
    assert "‖ paused 4 behind, by 2 min" in told
    assert "to catch up" not in told
