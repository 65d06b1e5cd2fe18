"""What only a real server shows: chunked bodies, raw bytes in headers, and many requests at once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from api.tokens import make_token
from orders.models import Order
from outbox.models import Event
from tests.api.conftest import order_body

pytestmark = pytest.mark.django_db(transaction=True)

BODY = json.dumps(order_body()).encode()
START_SECONDS = 30


@pytest.fixture(scope="session")
def port(django_db_setup: None) -> Iterator[int]:
    """gunicorn as `make run` starts it, on the tests' database."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"]
        descriptor = listener.fileno()
        server = subprocess.Popen([*command, "--bind", f"fd://{descriptor}"], env=_environment(), pass_fds=[descriptor])
        port = listener.getsockname()[1]
        try:
            _wait_until_it_answers(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def _environment() -> dict[str, str]:
    name = connection.settings_dict["NAME"]
    database = urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
    return {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}


def _wait_until_it_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    until = monotonic() + START_SECONDS
    while monotonic() < until and server.poll() is None:
        try:
            # The socket listens already, so this waits until a worker takes the request.
            exchange(port, "GET", "/problems/not-found")
            return
        except OSError:
            continue
    pytest.fail("gunicorn did not start")


@pytest.fixture
def bearer(customer: User, price_list: None) -> str:
    return f"Bearer {make_token(customer)[0]}"


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    content: bytes


def exchange(port: int, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    with closing(HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)) as client:
        client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = client.getresponse()
        return Answer(response.status, response.headers, response.read())


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
    with psycopg.connect(_environment()["DATABASE_URL"]) as hanging:
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
