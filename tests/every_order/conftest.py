"""The shop of the machine: its companies have moods, and its clock moves only when a run moves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from payments import gateway as payments
from shipping import gateway as shipping
from tests.every_order import checking, people, world
from tests.every_order.companies import Carrier, Provider

# Longer than a run takes on any machine: only the clock that a run moves itself makes anything due.
# And beside a fresh dispatch others are opened at once, so that any split of what is due may happen.
TIMES = {"hold": 0, "soon": 60, "backoff": 60, "lease": 600, "longest_lease": 3_600, "dead_after": 86_400}


@pytest.fixture
def shop(settings: Settings, transactional_db: None) -> Iterator[None]:
    settings.OUTBOX = {"strict": True, **TIMES, "hold": 0.0}  # dispatches of one reaction beside each other
    settings.PAYMENT_GRACE = timedelta(seconds=60)
    close_companies()
    settings.PAYMENT_PROVIDER = "tests.every_order.companies.Provider"
    settings.CARRIER = "tests.every_order.companies.Carrier"
    settings.EMAIL_BACKEND = "tests.every_order.companies.MailServer"
    provider, carrier = payments.provider(), shipping.carrier()
    assert isinstance(provider, Provider)
    assert isinstance(carrier, Carrier)
    with provider.ledger.connection(), carrier.ledger.connection():
        people.get_ready()
        world.get_ready()
        checking.get_ready()
    yield
    checking.clear_up()
    close_companies()


def close_companies() -> None:
    """Lets go of the companies that were asked so far, and of their connections; the settings name the next ones."""
    for company in (payments.provider, shipping.carrier):
        close = getattr(company(), "close", None)
        if close is not None:
            close()
        company.cache_clear()
