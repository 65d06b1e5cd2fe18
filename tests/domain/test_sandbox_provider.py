"""The sandbox provider: an outside company that remembers what it was asked, whatever becomes of us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction

from outbox import Money
from payments.gateway import Charged, Declined
from payments.sandbox import LARGEST_AMOUNT, SandboxProvider

EUROS = Money(amount=4_998, currency="EUR")


class GoneWrong(Exception):
    """Our side fails after the provider was asked."""


@pytest.fixture
def provider(db: None) -> Iterator[SandboxProvider]:
    provider = SandboxProvider()
    yield provider
    provider.close()


def test_the_same_key_charges_once(provider: SandboxProvider) -> None:
    key = str(uuid4())
    first = provider.capture(key, EUROS, "pm_card_ok")
    assert isinstance(first, Charged)
    assert provider.capture(key, EUROS, "pm_card_ok") == first == provider.look_up(key)


def test_a_refusal_is_remembered_too(provider: SandboxProvider) -> None:
    key = str(uuid4())
    assert provider.capture(key, EUROS, "pm_card_declined_insufficient_funds") == Declined(code="insufficient_funds")
    assert provider.capture(key, EUROS, "pm_card_ok") == Declined(code="insufficient_funds")


def test_what_it_was_never_asked_it_does_not_know(provider: SandboxProvider) -> None:
    assert provider.look_up(str(uuid4())) is None


@pytest.mark.parametrize("amount", [-1, LARGEST_AMOUNT + 1, 10**40])
def test_an_impossible_amount_is_declined(provider: SandboxProvider, amount: int) -> None:
    answer = provider.capture(str(uuid4()), Money(amount=amount, currency="???"), "pm_card_ok")
    assert answer == Declined(code="invalid_amount")


def test_what_it_has_taken_stays_taken_when_we_roll_back(provider: SandboxProvider) -> None:
    key = str(uuid4())
    with suppress(GoneWrong), transaction.atomic():
        provider.capture(key, EUROS, "pm_card_ok")
        raise GoneWrong
    assert isinstance(provider.look_up(key), Charged)


def test_it_uses_no_connection_of_ours_but_the_database_of_the_test(provider: SandboxProvider) -> None:
    with provider.ledger.connection() as theirs, connection.cursor() as ours:
        ours.execute("SELECT current_database(), pg_backend_pid()")
        row = theirs.execute("SELECT current_database(), pg_backend_pid()").fetchone()
        database, pid = ours.fetchone()
    assert row is not None
    assert row[0] == database
    assert row[1] != pid


def test_many_threads_ask_with_one_key_and_get_one_answer(provider: SandboxProvider) -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: provider.capture(key, EUROS, "pm_card_ok"), range(32)))
    assert len(set(answers)) == 1


def test_the_ledger_is_made_once_however_many_come_first(provider: SandboxProvider) -> None:
    with provider.ledger.connect() as connecting:
        connecting.execute("DROP SCHEMA sandbox_provider CASCADE")
    connecting.close()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: _asked_by_a_stranger(), range(8)))
    assert all(isinstance(answer, Charged) for answer in answers)


def _asked_by_a_stranger() -> Charged | Declined:
    """Asks through connections of its own, as another process would."""
    provider = SandboxProvider()
    try:
        return provider.capture(str(uuid4()), EUROS, "pm_card_ok")
    finally:
        provider.close()


def test_after_an_error_it_connects_anew(provider: SandboxProvider) -> None:
    with pytest.raises(psycopg.OperationalError), provider.ledger.connection() as connecting:
        connecting.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert provider.look_up(str(uuid4())) is None


def test_a_forked_process_opens_connections_of_its_own(provider: SandboxProvider) -> None:
    key = str(uuid4())
    provider.look_up(key)
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's lines are not measured
        # Whatever happens, the child may not go on as a second pytest.
        try:
            charged = isinstance(provider.capture(key, EUROS, "pm_card_ok"), Charged)
            provider.close()
        finally:
            os._exit(0 if charged else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isinstance(provider.look_up(key), Charged)
