"""Real web servers on the tests' database, and plain HTTP exchanges with them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPMessage
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

START_SECONDS = 30

GUNICORN = ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi", "--bind", "fd://{descriptor}"]
UVICORN = ["uvicorn", "config.asgi:application", "--fd", "{descriptor}", "--log-level", "warning"]


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    content: bytes


@contextmanager
def serving(command: list[str], **variables: str) -> Iterator[int]:
    """Yields the port of a web server that runs meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        arguments = [sys.executable, "-m", *(word.format(descriptor=descriptor) for word in command)]
        server = subprocess.Popen(arguments, env=environment() | variables, pass_fds=[descriptor])
        port = listener.getsockname()[1]
        try:
            _wait_until_it_answers(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def environment() -> dict[str, str]:
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
    pytest.fail("the server did not start")


def exchange(port: int, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Sends one request; in the names of headers a low line stands for a hyphen."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)) as client:
        client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = client.getresponse()
        return Answer(response.status, response.headers, response.read())
