"""Requests that would rather wait: `Prefer: wait=N`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import enumerate as threads_alive
from time import monotonic
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from api.tokens import make_token
from api.waiting import Seats, Watch
from inventory.services import set_stock
from orders.models import Order
from orders.views.watching import LONG_POLLS, ORDERS
from outbox.testing import run_until_quiet
from tests.api.conftest import Place, order_body, post_order
from tests.api.servers import Answer, exchange
from tests.domain.conftest import _outside_company_hangs_up  # noqa: F401 (a fixture that runs by itself)
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Threads for requests that wait; their connections, and that of the watch, are closed at the end."""
    with ThreadPoolExecutor(4) as threads:
        yield threads
    wait_until(lambda: "watch" not in {thread.name for thread in threads_alive()}, "the watch has ended")


@pytest.fixture
def placed(place: Place) -> Any:
    set_stock(levels={"MUG-BLUE": 10, "TEA-GREEN": 10})
    return place()


def get(client: Client, path: str, **headers: str) -> Any:
    try:
        return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    finally:
        connection.close()


def is_waited_for(order_id: str) -> bool:
    return any(str(key) == order_id for key in list(ORDERS._wanted))


def test_an_order_that_moves_on_is_answered_at_once(api: Client, placed: Any, elsewhere: ThreadPoolExecutor) -> None:
    asked = elsewhere.submit(get, api, placed["Location"], Prefer="wait=20", If_None_Match=placed["ETag"])
    wait_until(lambda: is_waited_for(placed.json()["id"]), "the request waits")
    assert not asked.done()
    began = monotonic()
    run_until_quiet()
    answer = asked.result(20)
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "wait=20")
    assert answer["ETag"] != placed["ETag"]
    assert monotonic() - began < 15


def test_an_order_that_does_not_is_304_when_the_time_is_over(
    api: Client, placed: Any, elsewhere: ThreadPoolExecutor
) -> None:
    began = monotonic()
    asked = elsewhere.submit(get, api, placed["Location"], Prefer="wait=1", If_None_Match=placed["ETag"])
    assert asked.result(20).status_code == 304
    assert monotonic() - began >= 1


@pytest.mark.parametrize(
    ("prefer", "etag"),
    [("wait=20", None), ("wait=20", '"another"'), ("wait=0", "same"), ("wait=abc", "same"), ("", "same")],
)
def test_who_has_another_state_or_prefers_nothing_does_not_wait(
    api: Client, placed: Any, prefer: str, etag: str | None
) -> None:
    headers = {"Prefer": prefer} | ({"If_None_Match": placed["ETag"] if etag == "same" else etag} if etag else {})
    began = monotonic()
    answer = get(api, placed["Location"], **headers)
    assert "Preference-Applied" not in answer
    assert monotonic() - began < 5


def test_beyond_the_bound_the_answer_comes_at_once(api: Client, placed: Any) -> None:
    taken = [LONG_POLLS.one() for _ in range(4)]
    assert all(seat.__enter__() for seat in taken)
    try:
        began = monotonic()
        answer = get(api, placed["Location"], Prefer="wait=20", If_None_Match=placed["ETag"])
        assert (answer.status_code, "Preference-Applied" in answer) == (304, False)
        assert monotonic() - began < 5
    finally:
        for seat in taken:
            seat.__exit__(None, None, None)


def test_a_seat_is_free_again_when_its_request_is_done() -> None:
    seats = Seats(1)
    for _ in range(3):
        with seats.one() as seated, seats.one() as second:
            assert (seated, second) == (True, False)
    with Seats(0).one() as seated:
        assert not seated


def test_while_it_waits_a_request_holds_no_connection(elsewhere: ThreadPoolExecutor) -> None:
    states = {"thing": 0}
    watch: Watch[str, int] = Watch(lambda keys: {key: states[key] for key in keys})
    held: list[object] = []

    def wait() -> bool:
        connection.ensure_connection()
        answered = watch.wait("thing", lambda state: state == 1, 20)
        held.append(connection.connection)
        connection.close()
        return answered

    waiting: Future[bool] = elsewhere.submit(wait)
    wait_until(lambda: watch._wanted["thing"], "the request waits")
    states["thing"] = 1
    assert waiting.result(20)
    assert held == [None]


def test_a_watch_that_cannot_look_goes_on(elsewhere: ThreadPoolExecutor) -> None:
    looks: list[int] = []

    def look(keys: Any) -> dict[str, int]:
        looks.append(1)
        if len(looks) == 1:
            raise OperationalError("the connection is lost")
        return {"thing": 1}

    watch: Watch[str, int] = Watch(look)
    assert elsewhere.submit(watch.wait, "thing", lambda state: state == 1, 20).result(20)


def test_a_new_order_is_answered_when_it_is_decided(api: Client, placed: Any, elsewhere: ThreadPoolExecutor) -> None:
    def post() -> Any:
        headers = {"Idempotency-Key": "k", "Prefer": "respond-async, wait=20"}
        try:
            return api.post("/api/v1/orders", order_body(), content_type="application/json", headers=headers)
        finally:
            connection.close()

    asked = elsewhere.submit(post)
    wait_until(lambda: Order.objects.count() == 2, "the order is placed")
    wait_until(lambda: is_waited_for(str(Order.objects.latest("placed_at").pk)), "the request waits")
    run_until_quiet()
    answer = asked.result(20)
    assert (answer.status_code, answer["Preference-Applied"]) == (201, "respond-async, wait=20")
    assert answer.json()["status"] in ("paid", "shipped")
    assert answer["ETag"] != placed["ETag"]
    again = post_order(api, order_body(), "k")
    assert (again.json()["status"], again["Idempotent-Replayed"]) == ("placed", "true")


def test_more_waiters_than_threads_stop_nobody_else(port: int, customer: User, placed: Any) -> None:
    """Forty requests would like to wait at a server that has sixteen threads."""
    bearer = f"Bearer {make_token(customer)[0]}"
    path = placed["Location"]

    def wait(_: int) -> tuple[Answer, float]:
        began = monotonic()
        answer = exchange(
            port, "GET", path, Authorization=bearer, Prefer="wait=5", If_None_Match=placed["ETag"], Connection="close"
        )
        return answer, monotonic() - began

    with ThreadPoolExecutor(40) as threads:
        asked = [threads.submit(wait, number) for number in range(40)]
        wait_until(lambda: any(one.done() for one in asked), "those beyond the bound are answered")
        others = []
        for number in range(10):
            began = monotonic()
            others.append((post(port, bearer, f"other-{number}").status, monotonic() - began))
        answers = [one.result(60) for one in asked]
    assert [status for status, _ in others] == [201] * 10
    assert max(seconds for _, seconds in others) < 4  # none has waited for a waiter
    assert {answer.status for answer, _ in answers} == {304}
    assert sum(seconds >= 5 for _, seconds in answers) <= 8  # two processes, four seats each


def post(port: int, bearer: str, key: str) -> Answer:
    headers = {"Authorization": bearer, "Idempotency_Key": key, "Content_Type": "application/json"}
    return exchange(port, "POST", "/api/v1/orders", json.dumps(order_body()), **headers)
