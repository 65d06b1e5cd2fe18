"""The page about webhooks says what is true: its table is what is told, and its receiver works."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from outbox.events import ENVELOPE
from tests.docs.test_docs import ROOT, blocks
from tests.processes import wait_until
from tests.webhooks.conftest import SECRET, intent
from webhooks.gateway import send
from webhooks.readers import PUBLIC

PAGE = ROOT / "docs" / "webhooks.md"
UNTOLD = ENVELOPE | {"order_id", "customer_id"}


def test_the_table_is_what_is_told() -> None:
    rows = re.findall(r"^\| (`\w+\.\w+`.*?) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    told = {
        type: set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", data)))
        for types, data in rows
        for type in re.findall(r"`(\w+\.\w+)`", types)
    }
    fields = {PUBLIC[reader]: {field.name for field in msgspec.structs.fields(reader)} - UNTOLD for reader in PUBLIC}
    assert told == fields


@pytest.fixture
def port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def receiver_of_the_page(port: int, tmp_path: Path) -> Iterator[Path]:
    """Runs the receiver of the page at the port; yields the file of what it prints."""
    (program,) = blocks(PAGE, "python")
    assert "9000" in program
    output = tmp_path / "output"
    environment = {**os.environ, "SECRET": SECRET}
    with output.open("wb") as file:
        running = subprocess.Popen(
            [sys.executable, "-c", program.replace("9000", str(port))], stdout=file, stderr=file, env=environment
        )
        try:
            wait_until(lambda: listens(port), "the receiver listens")
            yield output
        finally:
            running.kill()
            running.wait()


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_receiver_takes_what_we_have_signed_and_nothing_else(port: int, receiver_of_the_page: Path) -> None:
    genuine = intent(f"http://127.0.0.1:{port}/murmuration")
    forged = msgspec.structs.replace(genuine, secrets=("whsec_c29tZWJvZHkgZWxzZSdz",))
    assert send(genuine).taken
    assert not send(forged).taken
    assert receiver_of_the_page.read_text().startswith(f"{genuine.message_id} {{}}\n")
