"""The ledger of a pretended outside company: few connections for many threads, none of them ours, none left behind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from outbox import sandbox
from outbox.sandbox import MOST_CONNECTIONS, Busy, Ledger

CREATE = "CREATE TABLE IF NOT EXISTS sandbox_of_a_test.seen (thread serial, backend int DEFAULT pg_backend_pid())"


@pytest.fixture
def ledger(db: None) -> Iterator[Ledger]:
    ledger = Ledger(schema="sandbox_of_a_test", table="seen", create=CREATE)
    yield ledger
    with ledger.connection() as connection:
        connection.execute("DROP SCHEMA sandbox_of_a_test CASCADE")
    ledger.close()


def test_many_threads_share_few_connections(ledger: Ledger) -> None:
    def note(_: int) -> None:
        with ledger.connection() as connection:
            connection.execute("INSERT INTO sandbox_of_a_test.seen DEFAULT VALUES")

    with ThreadPoolExecutor(40) as threads:
        list(threads.map(note, range(200)))
    with ledger.connection() as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT backend) FROM sandbox_of_a_test.seen").fetchone()
    assert row is not None
    assert row[0] == 200
    assert row[1] <= MOST_CONNECTIONS


def test_who_is_not_let_in_is_told_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WAIT", 0.01)
    with ExitStack() as everybody:
        for _ in range(MOST_CONNECTIONS):
            everybody.enter_context(ledger.connection())
        with pytest.raises(Busy), ledger.connection():
            pass
    with ledger.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
