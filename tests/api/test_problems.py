"""Errors are problem bodies, wherever they arise, and each kind has a page."""

from __future__ import annotations

from typing import NoReturn

import pytest
from django.db import OperationalError
from django.test import Client
from rest_framework.exceptions import Throttled

from api.problems import known_problem_types
from outbox.models import Event


def fails_with(error: Exception) -> object:
    def fail(*args: object, **kwargs: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v1/orders/", "/api/v2/orders"])
def test_an_unknown_address_is_a_problem(client: Client, settings: object, debug: bool, path: str) -> None:
    settings.DEBUG = debug  # type: ignore[attr-defined]  # pytest-django's wrapper takes any setting
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["instance"] == path


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
def test_an_unexpected_error_tells_nothing_of_the_inside(
    api: Client, settings: object, debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = debug  # type: ignore[attr-defined]  # pytest-django's wrapper takes any setting
    monkeypatch.setattr("orders.views.ordering.page_of", fails_with(RuntimeError("the inside")))
    response = api.get("/api/v1/orders")
    assert (response.status_code, response.json()["code"]) == (500, "internal-error")
    assert response.json()["request_id"] == response["X-Request-ID"]
    assert b"inside" not in response.content


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_503(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.views.ordering.page_of", fails_with(OperationalError("the connection is lost")))
    response = api.get("/api/v1/orders")
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert b"connection" not in response.content


@pytest.mark.django_db
def test_too_many_requests_say_when_to_come_back(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.views.ordering.page_of", fails_with(Throttled(wait=7.2)))
    response = api.get("/api/v1/orders")
    assert (response.status_code, response.json()["code"]) == (429, "too-many-requests")
    assert response["Retry-After"] == "8"


@pytest.mark.parametrize(("path", "wanted"), [("/schema", "text/html"), ("/docs", "application/json")])
def test_a_page_that_cannot_be_had_in_that_form_is_a_problem(client: Client, path: str, wanted: str) -> None:
    response = client.get(path, headers={"Accept": wanted})
    assert (response.status_code, response["Content-Type"]) == (406, "application/problem+json")
    assert response.json()["code"] == "not-acceptable"


@pytest.mark.parametrize("code", sorted(known_problem_types()))
def test_each_kind_of_problem_has_a_page(client: Client, code: str) -> None:
    response = client.get(f"/problems/{code}")
    assert response.status_code == 200
    assert known_problem_types()[code].title in response.content.decode().replace("&#x27;", "'")


def test_a_kind_that_does_not_exist_has_no_page(client: Client) -> None:
    assert client.get("/problems/nothing").status_code == 404


@pytest.mark.django_db
def test_pages_outside_the_api_are_left_alone(client: Client) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert "X-Request-ID" in response
    assert not Event.objects.exists()
