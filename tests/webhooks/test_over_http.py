"""The REST API of webhooks: owners only, secrets once, and nothing that a client sends can break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from tests.api.conftest import client_of
from tests.webhooks.conftest import URL, Post, happen, placed, post_as
from tests.webhooks.receiver import Receiver
from webhooks.models import Endpoint, Webhook
from webhooks.services import keeping

HOOK = "https://hooks.example.com/murmuration"


class TestAddingAnEndpoint:
    def test_shows_the_secret_once(self, api: Client, post: Post) -> None:
        added = post(body={"url": HOOK, "event_types": ["orders.OrderPlaced"], "description": "our shop"})
        assert (added.status_code, added.headers["Cache-Control"]) == (201, "no-store")
        body = added.json()
        assert body["secret"].startswith("whsec_")
        assert body["previous_secret_until"] is None
        shown = api.get(added.headers["Location"]).json()
        assert shown == {k: v for k, v in body.items() if k not in ("secret", "previous_secret_until")}
        assert (shown["url"], shown["enabled"], shown["orders"]) == (HOOK, True, "own")
        assert "secret" not in api.get(URL).content.decode()

    def test_repeated_with_the_same_key_adds_one(self, post: Post) -> None:
        first, second = (post(body={"url": HOOK}, key="once") for _ in range(2))
        assert first.content == second.content
        assert second.headers["Idempotent-Replayed"] == "true"
        assert Endpoint.objects.count() == 1

    def test_without_a_key_is_refused(self, api: Client) -> None:
        refused = api.post(URL, {"url": HOOK}, content_type="application/json")
        assert (refused.status_code, refused.json()["code"]) == (400, "idempotency-key-missing")

    def test_for_all_orders_needs_staff_with_the_permission(self, ada: User, post: Post) -> None:
        wanted = {"url": HOOK, "orders": "all"}
        assert post(body=wanted).status_code == 403
        ada.user_permissions.add(Permission.objects.get(codename="hear_all_orders"))
        assert post(body=wanted).status_code == 403
        User.objects.filter(pk=ada.pk).update(is_staff=True)
        assert post(body=wanted).status_code == 201

    def test_beyond_the_limit_is_refused(self, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keeping, "MOST_ENDPOINTS", 1)
        assert post(body={"url": HOOK}).status_code == 201
        refused = post(body={"url": HOOK})
        assert (refused.status_code, refused.json()["code"]) == (409, "too-many-endpoints")

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/", "https://2130706433/", "https://[::ffff:7f00:1]/", "https://169.254.169.254/",
            "https://localhost/", "http://example.com/", "ftp://example.com/", "https://u:p@example.com/", "https://",
            "https://example.com:0/", "https://example.com:99999/", "https://[::1/", "x", "javascript:alert(1)",
        ],
    )  # fmt: skip
    def test_at_a_url_to_which_nothing_may_be_sent_is_refused(self, settings: Settings, post: Post, url: str) -> None:
        settings.WEBHOOKS_ALLOW_PRIVATE_TARGETS = False
        refused = post(body={"url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, "url-not-allowed")
        assert refused.json()["errors"][0]["pointer"] == "/url"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/url"),
            ({"url": None}, "/url"),
            ({"url": 5}, "/url"),
            ({"url": ""}, "/url"),
            ({"url": "https://exa mple.com"}, "/url"),
            ({"url": "https://example.com/\x00"}, "/url"),
            ({"url": "https://example.com/\r\nx: y"}, "/url"),
            ({"url": "https://exämple.com/"}, "/url"),
            ({"url": "https://example.com\\@127.0.0.1/"}, "/url"),
            ({"url": "https://example.com/" + "a" * 500}, "/url"),
            ({"url": HOOK, "event_types": "orders.OrderPlaced"}, "/event_types"),
            ({"url": HOOK, "event_types": ["orders.Nothing"]}, "/event_types/0"),
            ({"url": HOOK, "event_types": ["payments.PaymentOpened"]}, "/event_types/0"),
            ({"url": HOOK, "event_types": ["orders.OrderPlaced"] * 51}, "/event_types"),
            ({"url": HOOK, "orders": "mine"}, "/orders"),
            ({"url": HOOK, "description": "a\nb"}, "/description"),
            ({"url": HOOK, "secret": "whsec_mine"}, "/secret"),
            ({"url": HOOK, "owner": 1}, "/owner"),
        ],
    )
    def test_of_a_wrong_shape_is_refused(self, post: Post, body: object, pointer: str) -> None:
        refused = post(body=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid-body")
        assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]


class TestChangingAnEndpoint:
    @pytest.fixture
    def endpoint(self, post: Post) -> str:
        address: str = post(body={"url": HOOK}).headers["Location"]
        return address

    def patch(self, client: Client, address: str, body: object) -> Any:
        return client.patch(address, body, content_type="application/json")

    def test_leaves_what_is_not_named(self, api: Client, endpoint: str) -> None:
        changed = self.patch(api, endpoint, {"event_types": ["orders.OrderCancelled"]}).json()
        assert (changed["url"], changed["event_types"]) == (HOOK, ["orders.OrderCancelled"])
        assert self.patch(api, endpoint, {}).json() == changed

    def test_may_disable_and_enable_it(self, api: Client, endpoint: str) -> None:
        disabled = self.patch(api, endpoint, {"enabled": False}).json()
        assert (disabled["enabled"], disabled["disabled_because"]) == (False, "owner")
        Endpoint.objects.update(failures=7)
        enabled = self.patch(api, endpoint, {"enabled": True}).json()
        assert (enabled["enabled"], enabled["disabled_because"], enabled["disabled_at"]) == (True, None, None)
        assert Endpoint.objects.get().failures == 0

    def test_cannot_enable_or_ping_what_staff_has_disabled(self, api: Client, endpoint: str) -> None:
        keeping.disable_endpoint(Endpoint.objects.get().pk)
        assert self.patch(api, endpoint, {"enabled": False}).json()["disabled_because"] == "staff"
        for refused in (self.patch(api, endpoint, {"enabled": True, "event_types": []}), api.post(f"{endpoint}/ping")):
            assert (refused.status_code, refused.json()["code"]) == (409, "disabled-by-staff")
        assert self.patch(api, endpoint, {"description": "ours"}).json()["disabled_because"] == "staff"
        keeping.enable_endpoint(Endpoint.objects.get().pk)
        assert api.get(endpoint).json()["enabled"] is True

    def test_to_a_url_that_is_not_allowed_is_refused(self, api: Client, endpoint: str) -> None:
        assert self.patch(api, endpoint, {"url": "ftp://example.com"}).status_code == 422
        assert self.patch(api, endpoint, {"url": 5}).status_code == 400
        assert Endpoint.objects.get().url == HOOK

    def test_may_delete_it_for_good(self, api: Client, endpoint: str) -> None:
        assert api.delete(endpoint).status_code == 204
        assert api.get(endpoint).status_code == api.delete(endpoint).status_code == 404
        assert api.get(URL).json()["data"] == []
        assert Endpoint.objects.get().secret == ""

    @pytest.mark.parametrize("change", ["patch", "delete", "rotate"])
    def test_that_is_deleted_meanwhile_is_not_found(
        self, api: Client, post: Post, endpoint: str, monkeypatch: pytest.MonkeyPatch, change: str
    ) -> None:
        seen = Endpoint.objects.get()
        keeping.delete_endpoint(seen.pk)
        monkeypatch.setattr("webhooks.views.endpoints.one", lambda request, endpoint_id: seen)
        answers: dict[str, Callable[[], Any]] = {
            "patch": lambda: self.patch(api, endpoint, {"enabled": True}),
            "delete": lambda: api.delete(endpoint),
            "rotate": lambda: post(f"{endpoint.removeprefix(URL)}/rotate-secret"),
        }
        assert answers[change]().status_code == 404
        assert Endpoint.objects.get().state == "deleted"

    def test_rotates_its_secret(self, api: Client, post: Post, endpoint: str) -> None:
        before = Endpoint.objects.get().secret
        rotated = post(f"{endpoint.removeprefix(URL)}/rotate-secret")
        assert (rotated.status_code, rotated.headers["Cache-Control"]) == (200, "no-store")
        assert rotated.json()["secret"] == Endpoint.objects.get().secret != before
        assert rotated.json()["previous_secret_until"]


class TestSomebodyElse:
    def test_finds_nothing(self, ada: User, post: Post, receiver: Receiver) -> None:
        path = post(body={"url": receiver.url}).headers["Location"].removeprefix(URL)
        happen(placed(ada))
        webhook = f"{path}/deliveries/{Webhook.objects.get().pk}"
        eve = client_of(User.objects.create_user("eve", is_staff=True))
        assert eve.get(URL).json()["data"] == []
        found = [eve.get(f"{URL}{one}").status_code for one in (path, f"{path}/deliveries", webhook)]
        found += [post_as(eve, one).status_code for one in (f"{path}/rotate-secret", f"{path}/ping")]
        found += [post_as(eve, f"{webhook}/redeliver").status_code, eve.delete(f"{URL}{path}").status_code]
        found += [eve.patch(f"{URL}{path}", {}, content_type="application/json").status_code]
        assert set(found) == {404}

    def test_reaches_no_delivery_through_an_endpoint_of_their_own(
        self, ada: User, post: Post, receiver: Receiver
    ) -> None:
        post(body={"url": receiver.url})
        happen(placed(ada))
        eve = client_of(User.objects.create_user("eve"))
        own = post_as(eve, "", {"url": receiver.url}).headers["Location"]
        assert eve.get(f"{own}/deliveries/{Webhook.objects.get().pk}").status_code == 404

    def test_without_a_token_is_not_let_in(self, client: Client) -> None:
        assert client.get(URL).status_code == post_as(client, "", {"url": HOOK}).status_code == 401

    @pytest.mark.parametrize("id", ["1", "x", "%00", "../orders", "9" * 40])
    def test_with_a_strange_id_finds_nothing(self, api: Client, id: str) -> None:
        assert api.get(f"{URL}/{id}").status_code == 404
