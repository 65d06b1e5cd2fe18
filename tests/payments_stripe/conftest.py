"""Stripe as far as localstripe is Stripe, behind a proxy that makes up for some of what it lacks."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from payments.stripe import StripeProvider
from tests.domain.conftest import _outside_company_hangs_up
from tests.payments_stripe.recorder import Recorder
from tests.processes import ROOT, wait_until

__all__ = ["_outside_company_hangs_up"]

STRIPE = "payments.stripe.StripeProvider"
SECRET_KEY = "sk_test_of_nobody"
WEBHOOK_SECRET = "whsec_of_nobody"


@pytest.fixture(scope="session")
def company() -> Iterator[int]:
    """The port of a localstripe that this test run has started."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.payments_stripe.company", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is None and answers(port), "localstripe answers")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1/balance")
        return connection.getresponse().status == 401
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture
def recorder(company: int) -> Iterator[Recorder]:
    recorder = Recorder(company)
    yield recorder
    recorder.close()


@pytest.fixture
def stripe(recorder: Recorder, settings: Any, monkeypatch: pytest.MonkeyPatch) -> StripeProvider:
    """The provider that is asked for money during the test."""
    settings.STRIPE_API_BASE = recorder.url
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = SECRET_KEY, WEBHOOK_SECRET
    provider = StripeProvider()
    for name in ("payments.gateway.provider", "payments.gateway.asking.provider"):
        monkeypatch.setattr(name, lambda: provider)
    return provider
