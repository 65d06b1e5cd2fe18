"""GET /api/v1/orders/{id}/events/stream, as an ASGI server gives it and as WSGI cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from api.problems import Problem
from api.streaming import Places
from api.tokens import make_token
from inventory.services import set_stock
from orders.serializers import told
from orders.views.streaming import stream_of
from outbox.models import Reaction
from outbox.testing import run_until_quiet
from tests.api.conftest import Place, order_body
from tests.api.servers import START_SECONDS, UVICORN, exchange, serving
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def asgi(django_db_setup: None) -> Iterator[int]:
    """uvicorn on the tests' database."""
    with serving(UVICORN) as port:
        yield port


@pytest.fixture
def placed(place: Place) -> Any:
    set_stock(levels={"MUG-BLUE": 10, "TEA-GREEN": 10})
    return place().json()


@pytest.fixture
def bearer(customer: User) -> str:
    return f"Bearer {make_token(customer)[0]}"


@contextmanager
def stream(port: int, path: str, bearer: str, **headers: str) -> Iterator[HTTPResponse]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)) as client:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        client.request("GET", path, headers={"Authorization": bearer, "Accept": "text/event-stream", **names})
        yield client.getresponse()


def events(response: HTTPResponse) -> Iterator[dict[str, Any]]:
    """The events as they come, until the stream ends."""
    lines: dict[str, str] = {}
    for raw in response:
        name, colon, value = raw.decode().rstrip("\n").partition(": ")
        if colon and name:
            lines[name] = value
        elif lines:
            yield {"id": int(lines["id"]), "event": lines["event"], "data": json.loads(lines["data"])}
            lines = {}


def test_it_tells_what_was_and_what_comes_and_ends_when_the_order_is_settled(
    asgi: int, api: Client, placed: Any, bearer: str
) -> None:
    with stream(asgi, placed["links"]["stream"], bearer) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        coming = events(response)
        first = next(coming)
        assert (first["event"], first["data"]["position"]) == ("orders.OrderPlaced", first["id"])
        run_until_quiet()
        rest = list(coming)
    told = api.get(placed["links"]["events"]).json()["data"]
    seen = [first["data"], *(event["data"] for event in rest)]
    assert seen == told[: len(seen)]
    assert "shipping.OrderShipped" in {event["event"] for event in rest}


def test_who_was_cut_off_goes_on_where_it_was(asgi: int, placed: Any, bearer: str) -> None:
    run_until_quiet()
    with stream(asgi, placed["links"]["stream"], bearer) as response:
        whole = [event["id"] for event in events(response)]
    with stream(asgi, placed["links"]["stream"], bearer, Last_Event_ID=str(whole[1])) as response:
        assert [event["id"] for event in events(response)] == whole[2:]


@pytest.mark.parametrize("given", ["x", "-1", "9" * 20, "", "1.0"])
def test_what_is_no_id_is_400(asgi: int, placed: Any, bearer: str, given: str) -> None:
    with stream(asgi, placed["links"]["stream"], bearer, Last_Event_ID=given) as response:
        assert (response.status, json.loads(response.read())["code"]) == (400, "invalid-parameter")


def test_a_user_has_three_streams_at_a_time_and_they_hold_no_connection(asgi: int, placed: Any, bearer: str) -> None:
    Reaction.objects.update(paused=True)
    path = placed["links"]["stream"]
    before = _connections()
    with stream(asgi, path, bearer) as one, stream(asgi, path, bearer) as two, stream(asgi, path, bearer) as three:
        assert [next(events(response))["event"] for response in (one, two, three)] == ["orders.OrderPlaced"] * 3
        with stream(asgi, path, bearer) as fourth:
            assert (fourth.status, json.loads(fourth.read())["code"]) == (429, "too-many-requests")
        assert exchange(asgi, "GET", placed["links"]["self"], Authorization=bearer).status == 200
        assert _connections() <= before + 2  # one for the watch, and one for the request just answered
    Reaction.objects.update(paused=False)


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend'"  # autovacuum comes when it likes
        )
        return int(cursor.fetchall()[0][0])


def test_others_streams_are_not_found(asgi: int, placed: Any, stranger: Client) -> None:
    bearer = f"Bearer {make_token(User.objects.get(username='eve'))[0]}"
    with stream(asgi, placed["links"]["stream"], bearer) as response:
        assert response.status == 404


def test_a_server_that_cannot_stream_says_what_to_do_instead(api: Client, placed: Any) -> None:
    response = api.get(placed["links"]["stream"], headers={"Accept": "text/event-stream"})
    assert (response.status_code, response.json()["code"]) == (406, "not-acceptable")
    assert "Prefer: wait=20" in response.json()["detail"]


def test_an_asgi_server_serves_everything_else_as_well(asgi: int, bearer: str, placed: Any) -> None:
    headers = {"Authorization": bearer, "Idempotency_Key": "k", "Content_Type": "application/json"}
    body = json.dumps(order_body()).encode()
    assert exchange(asgi, "POST", "/api/v1/orders", body, **headers).status == 201
    chunked = exchange(asgi, "POST", "/api/v1/orders", iter([body[:50], body[50:]]), **headers)
    assert (chunked.status, chunked.headers["Idempotent-Replayed"]) == (201, "true")
    for large in (b" " * 70_000, iter([b" " * 1000] * 70)):
        answer = exchange(asgi, "POST", "/api/v1/orders", large, **headers)
        assert (answer.status, json.loads(answer.content)["code"]) == (413, "body-too-large")


def test_a_stream_in_which_nothing_happens_shows_that_it_lives_and_leaves_its_place(
    placed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.views.streaming.HEARTBEAT", 0.1)
    places = Places(1, per_user=1)

    async def first_lines() -> list[bytes]:
        lines = stream_of(UUID(placed["id"]), 0, told, places.taken("ada"))
        try:
            return [await anext(lines) for _ in range(3)]
        finally:
            await lines.aclose()  # type: ignore[attr-defined]  # an async generator

    event, *beats = async_to_sync(first_lines)()
    assert event.startswith(b"id: ")
    assert beats == [b": still here\n\n"] * 2
    place = places.taken("ada")  # there is room again, for one
    with pytest.raises(Problem):
        places.taken("ada")
    place.leave()
