"""The commands of docs/webhooks.md, one after the other, against a running system, with the receiver that it shows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction

from outbox import publish
from tests.api.servers import GUNICORN, serving
from tests.docs.test_docs import ROOT, blocks
from tests.processes import real_processes, wait_until
from tests.webhooks.conftest import placed
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = ROOT / "docs" / "webhooks.md"
SECONDS = 120
PRIVATE = {"WEBHOOKS_ALLOW_PRIVATE_TARGETS": "on"}
# What the page tells people to do between its commands.
START_THE_RECEIVER = """
"$PYTHON" receiver.py > received & RECEIVER=$!
trap 'kill $RECEIVER' EXIT
until curl -s -o /dev/null $RECEIVER_SITE; do sleep 0.1; done
"""
WAIT_FOR_AN_ORDER = """
touch ready
until grep -q orders.OrderPlaced received; do sleep 0.1; done
"""
WAIT_FOR_IT_AGAIN = """
until [ "$(grep -c orders.OrderPlaced received)" = 2 ]; do sleep 0.1; done
"""


def test_a_newcomer_gets_from_an_endpoint_to_a_verified_receipt(tmp_path: Path, settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]  # the demo's data is for trying things out
    call_command("seed_demo", verbosity=0)
    commands = blocks(PAGE, "sh")
    [receiver] = blocks(PAGE, "python")
    with real_processes(tmp_path, **PRIVATE) as processes, serving(GUNICORN, **PRIVATE) as port:
        processes.relay()
        processes.worker("webhooks")
        processes.worker("webhooks.effects")
        processes.wait_until_at_work()
        theirs = free_port()
        (tmp_path / "receiver.py").write_text(receiver.replace("9000", str(theirs)))
        script = "\n".join(
            [*commands[:2], START_THE_RECEIVER, commands[2], WAIT_FOR_AN_ORDER, *commands[3:], WAIT_FOR_IT_AGAIN]
        )
        script = script.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("127.0.0.1:9000", f"127.0.0.1:{theirs}")
        said = run(script, tmp_path, RECEIVER_SITE=f"http://127.0.0.1:{theirs}")
    assert "problem" not in said
    assert '"taken":true' in said
    endpoint = Endpoint.objects.get()
    assert f'"{endpoint.secret}"' in said.rpartition("previous_secret_until")[0]
    told = [
        line.split()[0] for line in (tmp_path / "received").read_text().splitlines() if "orders.OrderPlaced" in line
    ]
    assert len(told) == 2
    assert len(set(told)) == 1  # the same webhook-id


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def run(script: str, folder: Path, **variables: str) -> str:
    """Runs the script; as soon as it is ready for one, an order is placed. Returns what it printed."""
    environment = {**os.environ, "PYTHON": sys.executable, **variables}
    script = f"cd {folder}\n{script}"
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as running:  # fmt: skip
        wait_until(lambda: (folder / "ready").exists() or running.poll() is not None, "it is ready for an order")
        with transaction.atomic():
            publish(placed(User.objects.get(username="demo")))
        said, _ = running.communicate(timeout=SECONDS)
    assert running.returncode == 0, said
    return said
