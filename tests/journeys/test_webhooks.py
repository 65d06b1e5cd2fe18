"""Webhooks by real processes: one of them is killed, one endpoint is dead, and the other hears of everything."""

from __future__ import annotations

import json

from django.contrib.auth.models import User
from django.db import transaction

from outbox import publish
from outbox.models import Attempt as EngineAttempt
from outbox.models import Delivery
from tests.processes import Processes, wait_until
from tests.webhooks.conftest import SEND, add, placed
from tests.webhooks.receiver import Receiver, receiving
from webhooks.models import Attempt, Endpoint, Webhook

ORDERS = 60


def test_a_sound_endpoint_hears_of_everything_beside_a_dead_one_though_a_worker_is_killed(
    processes: Processes,
) -> None:
    ada = User.objects.create_user("ada", "ada@example.org")
    with receiving() as sound_receiver, receiving() as dead_receiver:
        dead_receiver.status = 500
        sound, dead = add(ada, sound_receiver), add(ada, dead_receiver)
        processes.relay()
        processes.worker("webhooks")
        victim = processes.worker("webhooks.effects")
        processes.wait_until_at_work()
        place(ada, ORDERS // 2)
        wait_until(lambda: len(sound_receiver.received) > 0, "something has been sent")
        victim.kill()
        place(ada, ORDERS // 2)
        processes.worker("webhooks.effects")
        wait_until(lambda: delivered(sound) == ORDERS, "the sound endpoint has heard of everything", 90)
        assert told_of(sound_receiver) == {str(webhook.order_id) for webhook in Webhook.objects.filter(endpoint=sound)}
        for request in sound_receiver.received:
            request.verified_by(sound.secret)
        assert Attempt.objects.filter(webhook__endpoint=sound).exclude(status=204).count() == 0
        assert (delivered(dead), Webhook.objects.filter(endpoint=dead, state="pending").count()) == (0, ORDERS)
        assert len(dead_receiver.received) < ORDERS
        assert not Delivery.objects.filter(reaction_id=SEND, state="parked").exists()
        assert not EngineAttempt.objects.exclude(delivery__reaction_id=SEND).exists()


def place(customer: User, count: int) -> None:
    for _ in range(count):
        with transaction.atomic():
            publish(placed(customer))


def delivered(endpoint: Endpoint) -> int:
    return Webhook.objects.filter(endpoint=endpoint, state="delivered").count()


def told_of(receiver: Receiver) -> set[str]:
    return {json.loads(request.body)["order_id"] for request in receiver.received}
