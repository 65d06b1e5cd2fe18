"""An endpoint that fails is kept to itself, and one that goes on failing is given up."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction
from django.utils import timezone

from outbox import database_time
from outbox.models import Delivery
from outbox.testing import published
from tests.webhooks.conftest import SEND, add, happen, let_time_pass, placed
from tests.webhooks.receiver import Receiver
from webhooks import services
from webhooks.events import EndpointOwnerNotified, WebhookEndpointDisabled
from webhooks.gateway import Sent, posting
from webhooks.models import Attempt, Endpoint, Webhook
from webhooks.services.sending import LONGEST_REST, PATIENCE


class TestADeadEndpoint:
    def test_delays_nothing_that_others_are_sent(
        self, ada: User, receiver: Receiver, other_receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "TIMEOUT", 2.0)
        eve = User.objects.create_user("eve")
        dead, sound = add(ada, receiver), add(eve, other_receiver)
        receiver.hangs = threading.Event()
        happen(placed(ada), placed(eve))
        of_sound = Attempt.objects.get(webhook__endpoint=sound)
        of_dead = Attempt.objects.get(webhook__endpoint=dead)
        assert of_sound.made_at + timedelta(seconds=1) < of_dead.made_at
        assert (of_sound.status, of_dead.status) == (204, None)

    def test_repeats_nothing_that_others_are_sent(
        self, ada: User, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        add(ada, receiver), add(ada, other_receiver)
        receiver.status = 500
        happen(placed(ada))
        let_time_pass()
        let_time_pass()
        assert (len(receiver.received), len(other_receiver.received)) == (3, 1)

    def test_rests_while_what_is_to_be_sent_to_it_waits_at_no_cost(
        self, ada: User, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        add(ada, receiver), add(ada, other_receiver)
        receiver.status = 500
        for _ in range(4):
            happen(placed(ada))
        assert (len(receiver.received), len(other_receiver.received)) == (1, 4)
        waiting = Delivery.objects.filter(reaction_id=SEND, state="waiting").order_by("id")
        assert [row.outcome for row in waiting][1:] == ["not ready: its endpoint rests"] * 3
        assert sorted(Webhook.objects.filter(state="pending").values_list("tries", flat=True)) == [0, 0, 0, 1]

    def test_is_probed_by_one_webhook_and_gets_all_others_when_that_is_taken(
        self, ada: User, receiver: Receiver
    ) -> None:
        add(ada, receiver)
        receiver.answers = [500, 500]
        for _ in range(4):
            happen(placed(ada))
        let_time_pass()
        assert len(receiver.received) == 2
        let_time_pass()
        assert len(receiver.received) == 3
        let_time_pass()
        assert len(receiver.received) == 6
        assert set(Webhook.objects.values_list("state", flat=True)) == {"delivered"}

    def test_rests_longer_and_longer_up_to_a_limit(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        receiver.status = 500
        rests = []
        for failures in (0, 1, 2, 30):
            Endpoint.objects.update(failures=failures)
            happen(placed(ada))
            let_time_pass()
            endpoint.refresh_from_db()
            assert endpoint.rests_until is not None
            rests.append(endpoint.rests_until - timezone.now())
            Endpoint.objects.update(rests_until=timezone.now())
        assert rests[1] < rests[2] < rests[3] <= LONGEST_REST

    def test_rests_by_the_database_s_clock_whatever_the_worker_s_says(
        self, ada: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint = add(ada, receiver)
        receiver.status = 500
        monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(days=3))
        happen(placed(ada))
        endpoint.refresh_from_db()
        assert endpoint.rests_until is not None
        assert endpoint.rests_until < database_time() + timedelta(minutes=1)
        let_time_pass()
        assert Endpoint.objects.get().state == "enabled"


class TestASlowEndpoint:
    def test_rests_four_times_as_long_as_it_took_and_then_gets_all_that_waits(
        self, ada: User, receiver: Receiver
    ) -> None:
        endpoint = add(ada, receiver)
        happen(placed(ada))
        with transaction.atomic():
            list(services.record_webhooks([slowly(Webhook.objects.get())]))
        endpoint.refresh_from_db()
        assert endpoint.rests_until is not None
        assert timedelta(seconds=11) < endpoint.rests_until - timezone.now() <= timedelta(seconds=12)
        happen(placed(ada), placed(ada))
        assert len(receiver.received) == 1
        let_time_pass()
        assert len(receiver.received) == 3
        assert Endpoint.objects.get().rests_until is None


def slowly(webhook: Webhook) -> Sent:
    """An answer that took three seconds."""
    return Sent(
        order_id=webhook.order_id,
        webhook_id=webhook.pk,
        endpoint_id=webhook.endpoint_id,
        round=webhook.round,
        status=200,
        error="",
        milliseconds=3_000,
    )


class TestAnEndpointThatIsGivenUp:
    def test_after_three_days_of_errors(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        receiver.status = 500
        event = placed(ada)
        happen(event)
        Endpoint.objects.update(failing_since=timezone.now() - PATIENCE)
        let_time_pass()
        endpoint.refresh_from_db()
        assert (endpoint.state, endpoint.disabled_because) == ("disabled", "failing")
        assert published("webhooks.WebhookEndpointDisabled") == [
            WebhookEndpointDisabled(order_id=event.order_id, endpoint_id=endpoint.pk, because="failing")
        ]

    def test_at_once_when_it_says_that_it_is_gone(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        receiver.status = 410
        event = placed(ada)
        happen(event)
        happen(placed(ada))
        endpoint.refresh_from_db()
        assert (endpoint.state, endpoint.disabled_because, len(receiver.received)) == ("disabled", "gone", 1)
        assert Webhook.objects.get().state == "failed"

    def test_its_owner_is_written_to(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        receiver.status = 410
        event = placed(ada)
        happen(event)
        (notice,) = mail.outbox
        assert (notice.to, notice.subject) == (["ada@example.org"], "Your webhook endpoint has been disabled")
        assert receiver.url in notice.body
        assert "410 Gone" in notice.body
        assert published("webhooks.EndpointOwnerNotified") == [
            EndpointOwnerNotified(order_id=event.order_id, endpoint_id=endpoint.pk)
        ]

    def test_what_waits_for_it_is_dropped(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        receiver.status = 500
        happen(placed(ada))
        services.disable_endpoint(endpoint.pk)
        let_time_pass()
        assert Webhook.objects.get().state == "dropped"
        assert Delivery.objects.get(reaction_id=SEND).outcome == "the webhook is dropped"
        assert len(receiver.received) == 1
