"""The commands of docs/api.md, one after the other, against a running system."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from orders.models import Order
from payments.models import Refund
from tests.api.servers import GUNICORN, serving
from tests.docs.test_docs import ROOT, blocks
from tests.processes import real_processes

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 180


def test_a_newcomer_gets_from_a_token_to_the_parcel_to_a_cancellation_and_to_a_refund(
    tmp_path: Path, settings: object
) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]  # the demo's data is for trying things out
    call_command("seed_demo", verbosity=0)
    commands = "".join(blocks(ROOT / "docs" / "api.md", "sh"))
    assert "SITE=http://127.0.0.1:8000\n" in commands
    with real_processes(tmp_path) as processes, serving(GUNICORN) as port:
        processes.relay()
        processes.worker("orders", "inventory", "payments", "shipping", "notifications")
        processes.worker("payments.effects", "shipping.effects", "notifications.effects")
        processes.wait_until_at_work()
        script = commands.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{port}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "problem" not in done.stdout, done.stdout
    delivered, cancelled = Order.objects.filter(customer=User.objects.get(username="demo")).order_by("placed_at")
    assert (delivered.status, cancelled.cancel_reason) == ("delivered", "customer")
    assert [(part.order_id, part.amount, part.state) for part in Refund.objects.all()] == [
        (delivered.pk, 500, "refunded")
    ]
