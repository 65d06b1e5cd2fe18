"""Sending: what is tried when, how an endpoint that fails is kept to itself, and when it is given up."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks.webhooks import WebhookVerificationError

from outbox.models import Attempt as EngineAttempt
from outbox.models import Delivery
from outbox.testing import published, run_until_quiet
from tests.domain.feeding import statements
from tests.webhooks.conftest import SEND, add, happen, let_time_pass, placed
from tests.webhooks.receiver import Receiver
from webhooks import services
from webhooks.events import (
    WebhookDelivered,
    WebhookStarted,
)
from webhooks.gateway import Sent, posting
from webhooks.models import Attempt, Endpoint, Webhook
from webhooks.reactions import SendWebhook
from webhooks.services.sending import WAITS


class TestAWebhookThatFails:
    def test_comes_again_on_the_same_delivery_with_growing_waits_and_is_given_up_after_three_days(
        self, ada: User, receiver: Receiver
    ) -> None:
        add(ada, receiver)
        receiver.status = 500
        happen(placed(ada))
        for number, wait in enumerate(WAITS, start=1):
            delivery = Delivery.objects.get(reaction_id=SEND)
            assert (delivery.state, delivery.attempts) == ("waiting", 0)
            assert delivery.outcome == f"not ready: the endpoint answered 500 (try {number} of 10)"
            assert wait * 0.9 - timedelta(seconds=30) < delivery.due_at - timezone.now() <= wait * 1.1
            let_time_pass()
        webhook = Webhook.objects.get()
        assert [event.tries for event in published("webhooks.WebhookFailed")] == [10]  # type: ignore[attr-defined]
        assert (webhook.state, webhook.tries, webhook.attempts.count()) == ("failed", 10, 10)
        assert Delivery.objects.get(reaction_id=SEND).state == "done"
        assert len(receiver.received) == 10
        assert not EngineAttempt.objects.exists()

    def test_is_the_same_word_for_word_each_time_but_signed_anew(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        receiver.answers = [500]
        happen(placed(ada))
        let_time_pass()
        first, second = receiver.received
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
        assert first.verified_by(endpoint.secret) == second.verified_by(endpoint.secret)
        assert Webhook.objects.get().state == "delivered"
        assert Endpoint.objects.get().failures == 0

    def test_the_waits_grow_and_amount_to_a_little_more_than_three_days(self) -> None:
        assert all(shorter < longer for shorter, longer in pairwise(WAITS))
        assert timedelta(days=3) < sum(WAITS, timedelta()) < timedelta(days=3.5)

    @pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 503])
    def test_is_one_that_was_answered_with_anything_but_2xx(self, ada: User, receiver: Receiver, status: int) -> None:
        add(ada, receiver)
        receiver.status = status
        happen(placed(ada))
        assert Attempt.objects.get().status == status
        assert Webhook.objects.get().state == "pending"

    def test_is_one_whose_endpoint_cannot_be_reached(self, ada: User) -> None:
        services.add_endpoint(owner=ada, url="http://127.0.0.1:9/", event_types=[])
        happen(placed(ada))
        attempt = Attempt.objects.get()
        assert attempt.status is None
        assert "Connection refused" in attempt.error

    def test_is_one_whose_endpoint_does_not_answer_in_time(
        self, ada: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "TIMEOUT", 0.3)
        add(ada, receiver)
        receiver.hangs = threading.Event()
        happen(placed(ada))
        attempt = Attempt.objects.get()
        assert (attempt.status, "Timeout" in attempt.error) == (None, True)
        assert attempt.milliseconds < 5_000


class TestSendingAnew:
    def test_starts_at_once_with_all_tries_again(self, ada: User, receiver: Receiver) -> None:
        add(ada, receiver)
        receiver.answers = [500]
        happen(placed(ada))
        webhook = services.redeliver(Webhook.objects.get().pk)
        run_until_quiet()
        webhook.refresh_from_db()
        assert (webhook.state, webhook.round, webhook.tries, webhook.attempts.count()) == ("delivered", 2, 1, 2)
        let_time_pass()
        assert len(receiver.received) == 2
        first = Delivery.objects.filter(reaction_id=SEND).order_by("id")[0]
        assert (first.state, first.outcome) == ("ignored", "the webhook is delivered")

    def test_of_what_was_delivered_is_the_same_webhook(self, ada: User, receiver: Receiver) -> None:
        add(ada, receiver)
        happen(placed(ada))
        services.redeliver(Webhook.objects.get().pk)
        run_until_quiet()
        first, second = receiver.received
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])

    def test_makes_void_what_an_earlier_round_had_still_to_do(self, ada: User, receiver: Receiver) -> None:
        add(ada, receiver)
        receiver.answers = [500, 500]
        happen(placed(ada))
        services.redeliver(Webhook.objects.get().pk)
        run_until_quiet()
        let_time_pass()
        assert len(receiver.received) == 3
        assert "it is being sent anew" in Delivery.objects.values_list("outcome", flat=True)


class TestARotatedSecret:
    def test_signs_beside_the_previous_one_for_a_day(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        rotated = services.rotate_secret(endpoint.pk)
        assert rotated.secret != endpoint.secret
        happen(placed(ada))
        (request,) = receiver.received
        assert request.verified_by(endpoint.secret) == request.verified_by(rotated.secret)

    def test_signs_alone_from_then_on(self, ada: User, receiver: Receiver) -> None:
        endpoint = add(ada, receiver)
        rotated = services.rotate_secret(endpoint.pk)
        Endpoint.objects.update(previous_until=timezone.now())
        happen(placed(ada))
        (request,) = receiver.received
        request.verified_by(rotated.secret)
        with pytest.raises(WebhookVerificationError):
            request.verified_by(endpoint.secret)


def test_recorded_twice_changes_nothing(ada: User, receiver: Receiver) -> None:
    endpoint = add(ada, receiver)
    happen(placed(ada))
    webhook = Webhook.objects.get()
    again = Sent(
        order_id=webhook.order_id,
        webhook_id=webhook.pk,
        endpoint_id=endpoint.pk,
        round=1,
        status=500,
        error="",
        milliseconds=1,
    )
    with transaction.atomic():
        (answer,) = services.record_webhooks([again])
    assert type(answer).__name__ == "Ignored"
    webhook.refresh_from_db()
    assert webhook.state == "delivered"


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch(ada: User, receiver: Receiver) -> None:
    add(ada, receiver)
    few, many = _counts(ada, 2), _counts(ada, 40)
    assert few == many
    assert max(few) <= 6


def _counts(ada: User, size: int) -> list[int]:
    happen(*(placed(ada) for _ in range(size)))
    started = [e for e in published("webhooks.WebhookStarted") if isinstance(e, WebhookStarted)][-size:]
    Webhook.objects.update(state="pending")
    send = SendWebhook()
    with transaction.atomic():
        outcomes = [send.call(intent) for intent in send.prepare(started)]  # type: ignore[arg-type]
    prepared = statements(send.prepare, *started)
    with transaction.atomic(), CaptureQueriesContext(connection) as recorded:
        answers = list(send.record(outcomes))
    assert {type(answer) for answer in answers} == {WebhookDelivered}
    return [prepared, len(recorded)]
