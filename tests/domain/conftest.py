"""What the tests of the domain share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments import gateway
from payments.sandbox import SandboxProvider


@pytest.fixture(scope="session", autouse=True)
def _outside_company_hangs_up(django_db_setup: None) -> Iterator[None]:
    """The sandbox provider's connections are its own, and a database with connections cannot be dropped."""
    yield
    provider = gateway.provider()
    assert isinstance(provider, SandboxProvider)
    provider.close()
