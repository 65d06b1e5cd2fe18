"""Each test of the whole begins with the companies' ledgers empty: unlike our tables, nobody else empties them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from outbox.sandbox import Ledger
from payments import gateway as payments
from payments.sandbox import SandboxProvider
from shipping import gateway as shipping
from shipping.sandbox import SandboxCarrier


def ledgers() -> tuple[Ledger, Ledger]:
    provider, carrier = payments.provider(), shipping.carrier()
    assert isinstance(provider, SandboxProvider)
    assert isinstance(carrier, SandboxCarrier)
    return provider.ledger, carrier.ledger


@pytest.fixture
def provider_says(transactional_db: None) -> Callable[[str], None]:
    """Changes the provider's ledger."""

    def run(statement: str) -> None:
        with ledgers()[0].connection() as connection:
            connection.execute(statement.encode())

    return run


@pytest.fixture(autouse=True)
def _companies_begin_anew(transactional_db: None) -> Iterator[None]:
    provider, carrier = ledgers()
    for ledger in (provider, carrier):
        ledger.close()  # an earlier test may have ended the connections at the server
    with provider.connection() as connection:
        connection.execute("TRUNCATE sandbox_provider.charge, sandbox_provider.refund")
    with carrier.connection() as connection:
        connection.execute("TRUNCATE sandbox_carrier.label, sandbox_carrier.outage")
    yield
    provider.close()
    carrier.close()
