"""What was sent to an endpoint, over HTTP: looking at it, sending it anew, and trying an endpoint out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from outbox.testing import run_until_quiet
from tests.webhooks.conftest import URL, Post, happen, let_time_pass, placed
from tests.webhooks.receiver import Receiver
from webhooks.models import Endpoint, Webhook
from webhooks.services import keeping


class TestWhatWasSent:
    @pytest.fixture
    def endpoint(self, ada: User, post: Post, receiver: Receiver) -> str:
        address: str = post(body={"url": receiver.url}).headers["Location"]
        return address

    def test_is_listed_with_its_attempts(self, ada: User, api: Client, receiver: Receiver, endpoint: str) -> None:
        receiver.answers = [503]
        event = placed(ada)
        happen(event)
        let_time_pass()
        (delivery,) = api.get(f"{endpoint}/deliveries").json()["data"]
        assert (delivery["state"], delivery["tries"]) == ("delivered", 2)
        assert (delivery["event_type"], delivery["order_id"]) == ("orders.OrderPlaced", str(event.order_id))
        assert [attempt["status"] for attempt in delivery["attempts"]] == [204, 503]
        assert delivery["body"] == receiver.received[0].body
        assert api.get(f"{endpoint}/deliveries/{delivery['id']}").json() == delivery

    @pytest.mark.parametrize("query", ["=0", "page=2", "state=sent"])
    def test_is_listed_by_no_parameter_that_there_is_not(self, api: Client, endpoint: str, query: str) -> None:
        for address in (URL, f"{endpoint}/deliveries"):
            answer = api.get(f"{address}?{query}")
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")

    def test_is_sent_anew(self, ada: User, post: Post, receiver: Receiver, endpoint: str) -> None:
        happen(placed(ada))
        again = post(f"{endpoint.removeprefix(URL)}/deliveries/{Webhook.objects.get().pk}/redeliver")
        assert (again.status_code, again.json()["state"], again.json()["tries"]) == (202, "pending", 0)
        run_until_quiet()
        assert len(receiver.received) == 2
        assert Webhook.objects.get().state == "delivered"

    def test_is_not_sent_anew_to_what_staff_has_disabled(self, ada: User, post: Post, endpoint: str) -> None:
        happen(placed(ada))
        keeping.disable_endpoint(Endpoint.objects.get().pk)
        refused = post(f"{endpoint.removeprefix(URL)}/deliveries/{Webhook.objects.get().pk}/redeliver")
        assert (refused.status_code, refused.json()["code"]) == (409, "disabled-by-staff")
        assert Webhook.objects.get().state == "delivered"

    def test_needs_as_many_statements_however_much_it_is(self, ada: User, api: Client, endpoint: str) -> None:
        counts = []
        for _ in range(2):
            happen(*(placed(ada) for _ in range(3)))
            with CaptureQueriesContext(connection) as queries:
                assert api.get(f"{endpoint}/deliveries").status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_is_tried_out_by_a_ping(self, post: Post, receiver: Receiver, endpoint: str) -> None:
        receiver.answers = [200, 500]
        path = f"{endpoint.removeprefix(URL)}/ping"
        pong = post(path)
        assert (pong.status_code, pong.json()["taken"], pong.json()["status"]) == (200, True, 200)
        assert receiver.received[0].verified_by(Endpoint.objects.get().secret)["type"] == "webhooks.Ping"
        assert (post(path).json()["taken"], Webhook.objects.count()) == (False, 0)

    def test_by_no_more_pings_at_a_time_than_the_site_can_bear(
        self, post: Post, endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with keeping._pings, keeping._pings:
            busy = post(f"{endpoint.removeprefix(URL)}/ping")
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
