"""What only a real server shows: chunked bodies, raw bytes in headers, and many requests at once."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User

from api.tokens import make_token
from orders.models import Order
from outbox.models import Event
from tests.api.conftest import order_body
from tests.api.servers import START_SECONDS, Answer, environment, exchange

pytestmark = pytest.mark.django_db(transaction=True)

BODY = json.dumps(order_body()).encode()


@pytest.fixture
def bearer(customer: User, price_list: None) -> str:
    return f"Bearer {make_token(customer)[0]}"


def post(port: int, bearer: str, body: Any = BODY, key: str = "k", **headers: str) -> Answer:
    headers = {"Authorization": bearer, "Idempotency_Key": key, "Content_Type": "application/json", **headers}
    return exchange(port, "POST", "/api/v1/orders", body, **headers)


def test_twenty_equal_requests_at_once_place_one_order(port: int, bearer: str) -> None:
    with ThreadPoolExecutor(20) as threads:
        responses = list(threads.map(lambda _: post(port, bearer), range(20)))
    assert {response.status for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert sorted(bool(response.headers["Idempotent-Replayed"]) for response in responses) == [False] + [True] * 19
    assert (Order.objects.count(), Event.objects.filter(name="orders.OrderPlaced").count()) == (1, 1)


def test_a_request_beside_one_that_hangs_is_told_to_come_back(port: int, bearer: str, customer: User) -> None:
    row = [customer.pk, "POST /api/v1/orders", "k"]
    with psycopg.connect(environment()["DATABASE_URL"]) as hanging:
        hanging.execute(
            "INSERT INTO api_idempotencykey (user_id, route, key, fingerprint, body, headers, created_at) "
            "VALUES (%s, %s, %s, '', '', '{}', now())",
            row,
        )
        response = post(port, bearer)
        hanging.rollback()
    assert (response.status, response.headers["Retry-After"]) == (409, "1")
    assert json.loads(response.content)["code"] == "request-in-progress"
    assert post(port, bearer).status == 201


def test_a_chunked_body_is_read_like_any_other(port: int, bearer: str) -> None:
    assert post(port, bearer, iter([BODY[:100], BODY[100:]])).status == 201


def test_a_chunked_body_above_the_limit_is_413(port: int, bearer: str) -> None:
    response = post(port, bearer, iter([b" " * 1000] * 70))
    assert (response.status, json.loads(response.content)["code"]) == (413, "body-too-large")


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n\r\n", b"5\r\n{}", b"5\r\n{}   0\r\n\r\n", b""])
def test_chunks_that_are_malformed_or_break_off_are_400(port: int, bearer: str, chunks: bytes) -> None:
    head = f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nIdempotency-Key: k\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = raw(port, head, chunks)
    assert answer.split()[1] == b"400"
    assert b"The chunks of the body cannot be read." in answer


def test_a_long_body_is_refused_before_it_is_sent(port: int, bearer: str) -> None:
    response = post(port, bearer, b"", Content_Length=str(4_000_000))
    assert (response.status, json.loads(response.content)["code"]) == (413, "body-too-large")


def test_two_keys_are_malformed(port: int, bearer: str) -> None:
    head = ["POST /api/v1/orders HTTP/1.1", "Host: localhost", "Connection: close", f"Authorization: {bearer}"]
    head += ["Content-Type: application/json", f"Content-Length: {len(BODY)}"]
    head += ["Idempotency-Key: a", "Idempotency-Key: b", "", ""]
    answer = raw(port, "\r\n".join(head), BODY)
    assert b"idempotency-key-malformed" in answer


@pytest.mark.parametrize("token", [b"\xff\xfe", b"\xc3\xa4", b"a" * 4000])
def test_a_token_of_any_bytes_is_401(port: int, token: bytes) -> None:
    answer = raw(port, "GET /api/v1/orders HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer ", token + b"\r\n\r\n")
    assert answer.split()[1] == b"401"


def raw(port: int, head: str, rest: bytes) -> bytes:
    """Sends these bytes and returns all that comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as client:
        client.sendall(head.encode() + rest)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("X-Long: " + "x" * 100_000, id="a header of 100 KB"),
        pytest.param("\r\n".join(f"X-{n}: 1" for n in range(200)), id="two hundred headers"),
        pytest.param("Transfer-Encoding: chunked\r\nContent-Length: 5", id="two lengths"),
        pytest.param("Content-Length: -5", id="a negative length"),
        pytest.param("Content-Length: 5\r\nContent-Length: 6", id="two different lengths"),
        pytest.param("X-Broken\r\n: y", id="a header without a name"),
    ],
)
def test_what_is_no_http_is_refused_and_the_server_lives_on(port: int, bearer: str, head: str) -> None:
    start = f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nIdempotency-Key: k\r\n"
    answer = raw(port, f"{start}Content-Type: application/json\r\nConnection: close\r\n{head}\r\n\r\n", b"0\r\n\r\n")
    assert answer.split()[1] in (b"400", b"413", b"431")
    assert not Order.objects.exists()
    assert post(port, bearer).status == 201


def test_a_client_that_hangs_up_in_the_middle_of_a_body_leaves_nothing(port: int, bearer: str) -> None:
    start = f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nIdempotency-Key: k\r\n"
    head = f"{start}Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as client:
        client.sendall(head.encode() + BODY[:50])
    assert post(port, bearer).status == 201
    assert Order.objects.count() == 1
