"""POST /api/v1/tokens, and what a token opens."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from api.models import AuthToken
from api.tokens import make_token

pytestmark = pytest.mark.django_db


def basic(text: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text).decode()}"}


def test_name_and_password_make_a_token_that_opens_the_api(customer: User, client: Client) -> None:
    response = client.post("/api/v1/tokens", headers=basic(b"ada:secret"))
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    token, expires_at = response.json()["token"], datetime.fromisoformat(response.json()["expires_at"])
    assert abs(expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert client.get("/api/v1/orders", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert client.get("/api/v1/orders", headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_only_the_digest_of_a_token_is_kept(customer: User) -> None:
    token, _ = make_token(customer)
    kept = AuthToken.objects.values().get()
    assert token.startswith("mur_")
    assert len(kept["digest"]) == 128
    assert token not in str(kept)


def test_the_table_is_our_own(customer: User) -> None:
    assert settings.KNOX_TOKEN_MODEL == "api.AuthToken"
    tables = connection.introspection.table_names()
    assert "api_authtoken" in tables
    assert "knox_authtoken" not in tables


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"ada").decode(), "Basic \u00ff\u00fe",
        basic(b"ada:wrong")["Authorization"], basic(b"nobody:secret")["Authorization"],
        basic(b"\xff\xfe:\xff")["Authorization"], basic(b"a\0da:secret")["Authorization"],
        basic(b"ada:sec\0ret")["Authorization"], "Bearer abc", "Basic a b c",
    ],
)  # fmt: skip
def test_no_token_without_name_and_password(customer: User, client: Client, header: str | None) -> None:
    response = client.post("/api/v1/tokens", headers={} if header is None else {"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (401, "not-authenticated")
    assert response["WWW-Authenticate"].startswith('Basic realm="')


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", "Bearer abc", "Bearer \u00ff\u00fe", "Bearer a b", "Bearer " + "x" * 5000,
        "Bearer \0", "Token abc", "\u00ff", basic(b"ada:secret")["Authorization"],
    ],
)  # fmt: skip
def test_without_a_good_token_nothing_is_shown(customer: User, client: Client, header: str | None) -> None:
    response = client.get("/api/v1/orders", headers={} if header is None else {"Authorization": header})
    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert response["WWW-Authenticate"].startswith('Bearer realm="')
    assert ("invalid_token" in response["WWW-Authenticate"]) == bool(header)


def test_an_expired_token_opens_nothing(api: Client) -> None:
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert api.get("/api/v1/orders").status_code == 401


def test_the_token_of_a_deactivated_user_opens_nothing(api: Client, customer: User) -> None:
    User.objects.update(is_active=False)
    assert api.get("/api/v1/orders").status_code == 401


def test_the_oldest_token_is_retired_beyond_the_limit(customer: User, stranger: Client) -> None:
    limit = settings.REST_KNOX["TOKEN_LIMIT_PER_USER"]
    for _ in range(limit + 1):
        make_token(customer)
    assert AuthToken.objects.filter(user=customer).count() == limit
    assert stranger.get("/api/v1/orders").status_code == 200


def test_expired_tokens_are_cleared_away(customer: User) -> None:
    make_token(customer)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    make_token(customer)
    assert AuthToken.objects.count() == 1
