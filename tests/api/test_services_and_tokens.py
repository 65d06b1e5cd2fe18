"""Services and their tokens, and the tokens of users: made, listed, revoked."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from api.models import AuthToken
from api.tokens import NotAService, make_service_token
from tests.api.conftest import Place, client_of, client_with, order_body, service

pytestmark = pytest.mark.django_db(transaction=True)


class TestServices:
    def test_are_made_by_a_command_that_prints_their_token_once(self) -> None:
        printed = StringIO()
        call_command("make_service_token", "till", "--scope", "orders:read", "--scope", "events:read", stdout=printed)
        token = AuthToken.objects.get()
        assert (token.scopes, token.user.username) == (["events:read", "orders:read"], "till")
        assert client_with(printed.getvalue().strip()).get("/api/v1/orders").status_code == 200

    def test_have_names_of_their_own(self, customer: User) -> None:
        with pytest.raises(NotAService):
            make_service_token(name="ada", scopes=["orders:read"], lifetime=timedelta(days=1))
        with pytest.raises(CommandError):
            call_command("make_service_token", "ada", "--scope", "orders:read")

    def test_cannot_log_in(self, client: Client) -> None:
        service("till", "orders:read")
        assert client.post("/api/v1/tokens", headers={"Authorization": "Basic dGlsbDo="}).status_code == 401

    def test_act_under_their_own_name(self, place: Place) -> None:
        place()
        till = service("till", "orders:write", "orders:read", "events:read")
        body = order_body()
        placed = till.post("/api/v1/orders", body, content_type="application/json", headers={"Idempotency-Key": "k"})
        events = till.get(placed.json()["links"]["events"]).json()["data"]
        assert events[0]["envelope"]["actor"] == "service:till"
        assert len(till.get("/api/v1/orders").json()["data"]) == 2


class TestTokens:
    def test_are_listed_without_what_makes_them_tokens(self, api: Client) -> None:
        [listed] = api.get("/api/v1/tokens").json()["data"]
        assert listed["key"].startswith("mur_")
        assert len(listed["key"]) == 15
        assert listed["last_used_on"] is not None

    def test_are_revoked_at_once(self, api: Client, customer: User) -> None:
        other = client_of(customer)
        key = AuthToken.objects.filter(user=customer).latest("created").token_key
        assert api.delete(f"/api/v1/tokens/{key}").status_code == 204
        assert other.get("/api/v1/orders").status_code == 401
        assert api.delete(f"/api/v1/tokens/{key}").status_code == 404

    def test_of_others_are_not_found(self, api: Client, stranger: Client) -> None:
        key = AuthToken.objects.get(user__username="eve").token_key
        assert api.delete(f"/api/v1/tokens/{key}").status_code == 404
        assert stranger.get("/api/v1/orders").status_code == 200
