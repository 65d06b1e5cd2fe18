"""So many requests a minute, counted for all processes together."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Throttle
from api.throttling import PART, forget
from api.tokens import make_token
from tests.api.conftest import Body, Place, post_order
from tests.api.servers import GUNICORN, exchange, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_set_aside() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def limits(settings: object) -> dict[str, int]:
    settings.API_THROTTLES = {}  # type: ignore[attr-defined]  # pytest-django's wrapper takes any setting
    return settings.API_THROTTLES  # type: ignore[attr-defined, no-any-return]


def test_beyond_the_limit_one_is_told_when_to_come_back(api: Client, limits: dict[str, int]) -> None:
    limits["read"] = 3
    assert [api.get("/api/v1/orders").status_code for _ in range(3)] == [200] * 3
    refused = api.get("/api/v1/orders")
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert refused["RateLimit-Policy"] == '"read";q=3;w=60'
    assert refused["RateLimit"] == f'"read";r=0;t={refused["Retry-After"]}'


def test_others_and_other_kinds_of_requests_are_not_affected(
    api: Client, stranger: Client, place: Place, limits: dict[str, int]
) -> None:
    limits["read"] = 1
    assert [api.get("/api/v1/orders").status_code for _ in range(2)] == [200, 429]
    assert stranger.get("/api/v1/orders").status_code == 200
    assert place().status_code == 201


def test_after_a_minute_one_may_go_on(api: Client, limits: dict[str, int]) -> None:
    limits["read"] = 1
    assert [api.get("/api/v1/orders").status_code for _ in range(2)] == [200, 429]
    Throttle.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    forget()
    assert [api.get("/api/v1/orders").status_code for _ in range(2)] == [200, 429]


def test_processes_hand_out_no_more_than_there_are_together(api: Client, limits: dict[str, int]) -> None:
    limits["read"] = 2 * PART
    answers = []
    for number in range(3 * PART):
        if number % 10 == 0:
            forget()  # as another process, that knows nothing of what this one has set aside
        answers.append(api.get("/api/v1/orders").status_code)
    assert Counter(answers)[200] <= 2 * PART
    assert Counter(answers)[200] >= 2 * PART - 9 * 2  # what others have set aside lies idle


def test_most_requests_cost_no_statement_and_those_refused_none(api: Client, limits: dict[str, int]) -> None:
    limits["read"] = 10 * PART
    api.get("/api/v1/orders")
    with CaptureQueriesContext(connection) as captured:
        for _ in range(9):
            api.get("/api/v1/orders")
    assert not [query for query in captured.captured_queries if "api_throttle" in query["sql"]]
    limits["read"] = 1
    forget()
    while api.get("/api/v1/orders").status_code == 200:
        pass
    with CaptureQueriesContext(connection) as captured:
        assert api.get("/api/v1/orders").status_code == 429
    assert not [query for query in captured.captured_queries if "api_throttle" in query["sql"]]


def test_guessing_a_password_is_slowed_down_by_name_and_by_address(
    customer: User, client: Client, limits: dict[str, int]
) -> None:
    limits |= {"tokens": 3, "tokens_from": 6}

    def ask(name: str, password: str, address: str) -> int:
        header = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        return client.post("/api/v1/tokens", headers={"Authorization": header}, REMOTE_ADDR=address).status_code

    by_name = [ask("ada", f"wrong {n}", f"10.0.0.{n}") for n in range(3)]
    assert [*by_name, ask("ada", "secret", "10.0.0.9")] == [401, 401, 401, 429]
    by_address = [ask(f"user{n}", "secret", "10.0.1.1") for n in range(7)]
    assert by_address == [401] * 6 + [429]


def test_behind_a_proxy_the_address_is_the_one_that_it_names(
    client: Client, limits: dict[str, int], settings: object
) -> None:
    settings.BEHIND_PROXY = True  # type: ignore[attr-defined]  # pytest-django's wrapper takes any setting
    limits["tokens_from"] = 1
    header = {"Authorization": "Basic " + base64.b64encode(b"nobody:secret").decode()}
    statuses = [
        client.post("/api/v1/tokens", headers=header | {"X-Forwarded-For": f"made up, {address}"}).status_code
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1")
    ]
    assert statuses == [401, 401, 429]


def test_two_real_processes_count_together(customer: User, price_list: None, body: Body) -> None:
    bearer = f"Bearer {make_token(customer)[0]}"
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "THROTTLE_READ": "40"}
    with serving(GUNICORN, **settings) as port, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: exchange(port, "GET", "/api/v1/orders", Authorization=bearer), range(80)))
    statuses = Counter(answer.status for answer in answers)
    assert statuses[200] <= 40
    assert statuses == {200: 40, 429: 40}


def test_a_placed_order_costs_no_statement_more_within_a_part(
    api: Client, price_list: None, body: Body, limits: dict[str, int]
) -> None:
    limits["place"] = 600
    post_order(api, body, "warm-up")
    with CaptureQueriesContext(connection) as captured:
        assert post_order(api, body, "measured").status_code == 201
    assert not [query for query in captured.captured_queries if "api_throttle" in query["sql"]]


def test_logging_in_to_the_admin_counts_as_well(customer: User, client: Client, limits: dict[str, int]) -> None:
    limits["tokens"] = 2
    User.objects.update(is_staff=True)
    pages = [client.post("/admin/login/", {"username": "ada", "password": f"wrong {n}"}) for n in range(2)]
    assert all(b"Too many attempts" not in page.content for page in pages)
    last = client.post("/admin/login/", {"username": "ada", "password": "secret"})
    assert (last.status_code, b"Too many attempts" in last.content) == (200, True)
