"""Many deliveries in one operation: the first alone, the others at a rate, none but those chosen, and stoppable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from outbox.models import Operation
from outbox.operations import progress
from outbox.operations.progress import advance
from outbox.operations.requesting import Refused, stop
from outbox.operations.statements import CARRY_OUT
from tests.operations.asking import ask, outcomes, parked, state, verified
from tests.operations.conftest import Only, Stage
from tests.outbox.rings import again
from tests.outbox.threads import somebody_else

pytestmark = pytest.mark.django_db

Gate = dict[str, bool]


@pytest.fixture(autouse=True)
def echo_alone(only: Only) -> None:
    only("toy.echo")


@pytest.fixture
def outage(stage: Stage) -> Gate:
    """While it is `on`, every ring with the note "outage" fails."""
    gate = {"on": True}

    def scene(point: str, order_id: object) -> None:
        if point == "echo" and gate["on"]:
            raise ConnectionError("away")

    stage("outage", scene)
    return gate


def a_second_passes(operation: Operation) -> None:
    second = timedelta(seconds=1)
    Operation.objects.filter(pk=operation.pk).update(released_at=F("released_at") - second)
    advance()


@contextmanager
def no_time_passes() -> Iterator[None]:
    """Inside it is still the moment at which an operation has released something, however slow the machine is."""
    at_that_moment = CARRY_OUT.replace("FROM clock_timestamp()", "FROM released_at")
    assert at_that_moment != CARRY_OUT
    with patch.object(progress, "CARRY_OUT", at_that_moment):
        yield


def tally(operation: Operation) -> Counter[str]:
    return Counter(outcomes(operation))


class TestTheFirstAlone:
    def test_goes_and_the_others_wait_for_how_it_ends(self, outage: Gate) -> None:
        deliveries = parked(*["outage"] * 5)
        operation = ask("redeliver", *deliveries, canary=True, rate=2)
        assert outcomes(operation) == ["released", *["planned"] * 4]
        a_second_passes(operation)
        assert outcomes(operation) == ["released", *["planned"] * 4]
        outage["on"] = False
        again()
        advance()
        assert tally(operation) == {"succeeded": 1, "released": 2, "planned": 2}

    def test_fails_again_and_the_others_stay(self, outage: Gate) -> None:
        deliveries = parked(*["outage"] * 3)
        operation = ask("redeliver", *deliveries, canary=True)
        again()
        assert verified(operation) == ["failed_again", "stopped", "stopped"]
        operation.refresh_from_db()
        assert operation.outcome == "The first one failed again; the others stay."
        assert operation.closed_at is not None
        assert [state(delivery) for delivery in deliveries[1:]] == ["parked", "parked"]

    def test_is_another_when_there_was_nothing_to_do_for_it(self, outage: Gate) -> None:
        deliveries = parked(*["outage"] * 3)
        ask("skip", deliveries[0])
        ask("redeliver", deliveries[1])
        operation = ask("redeliver", *deliveries, canary=True)
        assert outcomes(operation) == ["released", "already_due", "planned"]

    @pytest.mark.django_db(transaction=True)
    def test_is_another_when_the_first_turns_out_to_run_already(self, outage: Gate) -> None:
        first, *others = parked(*["outage"] * 4)
        with somebody_else() as worker:
            worker.execute("SELECT 1 FROM outbox_delivery WHERE id = %s FOR UPDATE", [first.pk])
            operation = ask("redeliver", first, *others, canary=True)
            assert outcomes(operation) == ["already_running", *["planned"] * 3]
        advance()
        assert outcomes(operation) == ["already_running", "released", "planned", "planned"]


class TestTheRate:
    def test_is_kept(self, outage: Gate) -> None:
        operation = ask("redeliver", *parked(*["outage"] * 8), rate=3)
        assert tally(operation) == {"released": 3, "planned": 5}
        with no_time_passes():
            advance()
        assert tally(operation) == {"released": 3, "planned": 5}
        a_second_passes(operation)
        assert tally(operation) == {"released": 6, "planned": 2}

    def test_is_not_made_up_for_after_a_pause_of_the_relay(self, outage: Gate) -> None:
        operation = ask("redeliver", *parked(*["outage"] * 9), rate=2)
        Operation.objects.update(released_at=F("released_at") - timedelta(hours=1))
        advance()
        assert tally(operation) == {"released": 4, "planned": 5}

    @pytest.mark.parametrize("rate", [0, 101])
    def test_has_bounds(self, rate: int) -> None:
        with pytest.raises(Refused, match="from 1 to 100"):
            ask("redeliver", *parked("raise@echo"), rate=rate)


def test_what_is_left_alone_takes_no_place_in_the_rate(outage: Gate) -> None:
    deliveries = parked(*["outage"] * 6)
    ask("redeliver", *deliveries[:4])
    operation = ask("redeliver", *deliveries, rate=2)
    assert outcomes(operation) == [*["already_due"] * 4, "released", "released"]


class TestStopping:
    def test_begins_nothing_more_and_still_verifies_what_was_begun(self, outage: Gate) -> None:
        operation = ask("redeliver", *parked(*["outage"] * 4), rate=1)
        stop(operation, actor="staff:ann")
        assert outcomes(operation) == ["released", "stopped", "stopped", "stopped"]
        outage["on"] = False
        again()
        a_second_passes(operation)
        assert outcomes(operation) == ["succeeded", "stopped", "stopped", "stopped"]
        operation.refresh_from_db()
        assert (operation.stopped_by, operation.closed_at is None) == ("staff:ann", False)

    def test_what_is_over_is_refused(self) -> None:
        operation = ask("skip", *parked("raise@echo"))
        with pytest.raises(Refused, match="over already"):
            stop(operation, actor="staff:ann")


def test_only_the_chosen_are_touched_although_more_have_failed_since(outage: Gate) -> None:
    chosen = parked(*["outage"] * 3)
    operation = ask("redeliver", *chosen, canary=True)
    others = parked("raise@echo", "raise@echo")
    outage["on"] = False
    again()
    advance()
    again()
    assert verified(operation) == ["succeeded"] * 3
    assert [state(delivery) for delivery in others] == ["parked", "parked"]


def test_takes_as_many_statements_for_many_as_for_one(outage: Gate) -> None:
    few, many = parked("outage"), parked(*["outage"] * 50)
    with CaptureQueriesContext(connection) as one:
        ask("redeliver", *few)
    with CaptureQueriesContext(connection) as fifty:
        ask("redeliver", *many)
    assert len(one) == len(fifty)


def test_costs_the_relay_one_statement_when_none_is_open() -> None:
    with CaptureQueriesContext(connection) as queries:
        advance()
    assert len(queries) == 1
