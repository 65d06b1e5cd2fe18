"""What the tests of the domain share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments import gateway
from payments.sandbox import SandboxProvider
from shipping import gateway as shipping_gateway
from shipping.sandbox import SandboxCarrier


@pytest.fixture(scope="session", autouse=True)
def _outside_company_hangs_up(django_db_setup: None) -> Iterator[None]:
    """The sandboxes' connections are their own, and a database with connections cannot be dropped."""
    yield
    provider, carrier = gateway.provider(), shipping_gateway.carrier()
    assert isinstance(provider, SandboxProvider)
    assert isinstance(carrier, SandboxCarrier)
    provider.close()
    carrier.close()
