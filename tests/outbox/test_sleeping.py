"""A reaction that sleeps hears nothing, and costs nothing, until it is woken."""

from __future__ import annotations

import pytest
from django.db import transaction

from outbox.models import Delivery, Subscription
from outbox.relay.fan_out import fan_out
from outbox.subscriptions import ASLEEP, let_sleep, register_subscriptions, wake
from tests.outbox.rings import ring

ECHO = "toy.echo"


@pytest.fixture
def _sleeps(echo_alone: None) -> None:
    with transaction.atomic():
        let_sleep(ECHO, unless=lambda: False)


def heard() -> int:
    fan_out()
    return Delivery.objects.filter(reaction_id=ECHO).count()


@pytest.mark.django_db
@pytest.mark.usefixtures("_sleeps")
class TestAReactionThatSleeps:
    def test_hears_nothing(self) -> None:
        ring("", "")
        assert heard() == 0

    def test_hears_what_is_published_once_it_is_woken_and_nothing_older(self) -> None:
        ring("older")
        with transaction.atomic():
            wake(ECHO)
        ring("newer")
        assert heard() == 1

    def test_sleeps_on_when_a_release_is_migrated(self) -> None:
        register_subscriptions()
        assert Subscription.objects.get(reaction_id=ECHO).since == ASLEEP

    def test_that_is_woken_twice_loses_nothing(self) -> None:
        for _ in range(2):
            with transaction.atomic():
                wake(ECHO)
            ring("")
        assert heard() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("echo_alone")
def test_a_reaction_that_is_needed_after_all_does_not_fall_asleep() -> None:
    with transaction.atomic():
        let_sleep(ECHO, unless=lambda: True)
    ring("")
    assert heard() == 1
