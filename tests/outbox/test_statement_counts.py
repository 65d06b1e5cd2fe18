"""The gate on speed that no machine can blur: how many statements a batch takes, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from outbox import Event, publish
from outbox.delivery.effects import prepare, record
from outbox.delivery.failures import Run
from outbox.delivery.rows import start
from outbox.reactions import reactions
from outbox.relay.claim import claim
from outbox.relay.fan_out import fan_out
from tests.outbox.conftest import Only
from tests.outbox.rings import dispatched, relay, ring, work
from tests.toy.events import Echoed, Rung
from tests.toy.models import Joined
from tests.toy.reactions import Receipt

SIZES = (1, 50)
OF_A_TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")

# START, LOAD, the reaction's own, the events it emits, FINISH (which also closes the dispatch).
ENGINE = 4


def statements(work: Callable[[], Any]) -> int:
    """How many statements the work takes, those that only begin or end a transaction left aside."""
    with CaptureQueriesContext(connection) as queries:
        work()
    return sum(not query["sql"].startswith(OF_A_TRANSACTION) for query in queries)


def published(*events: Event) -> None:
    with transaction.atomic():
        publish(*events)


@pytest.mark.django_db
@pytest.mark.parametrize("size", SIZES)
class TestOneBatchTakes:
    def test_one_statement_to_publish(self, size: int) -> None:
        rings: Sequence[Event] = [Rung(order_id=uuid4()) for _ in range(size)]
        assert statements(lambda: published(*rings)) == 1

    def test_two_to_fan_out_to_five_reactions(self, size: int) -> None:
        ring(*[""] * size)
        assert statements(fan_out) == 2

    def test_two_to_claim_for_five_reactions(self, size: int) -> None:
        ring(*[""] * size)
        fan_out()
        assert statements(claim) == 2

    def test_the_engines_four_and_its_own_one_in_a_plain_reaction(self, only: Only, size: int) -> None:
        only("toy.echo")
        _, message = dispatched(*[""] * size)
        assert statements(lambda: work(message)) == ENGINE + 1

    def test_one_more_of_the_engine_in_a_join_that_triggers(self, only: Only, size: int) -> None:
        only("toy.join")
        orders = [uuid4() for _ in range(size)]
        published(*[Rung(order_id=order) for order in orders])
        for message in relay():
            work(message)
        published(*[Echoed(order_id=order) for order in orders])
        (message,) = relay()
        own = 3  # upsert, lock, write back
        assert statements(lambda: work(message)) == ENGINE + 1 + own
        assert Joined.objects.filter(rung=True, echoed=True).count() == size

    def test_one_less_in_a_fold_for_it_emits_nothing(self, only: Only, size: int) -> None:
        only("toy.count")
        _, message = dispatched(*[""] * size)
        assert statements(lambda: work(message)) == ENGINE - 1 + 1

    def test_two_to_prepare_an_effect_and_three_with_its_own_one_to_record_it(self, only: Only, size: int) -> None:
        only("toy.ring_far_end")
        _, message = dispatched(*[""] * min(size, 20))
        reaction = reactions()["toy.ring_far_end"]
        assert reaction.effect is not None
        run = Run(message.dispatch)
        start(message.dispatch, reaction.id, "")
        intents: list[Any] = []
        preparing = partial(prepare, reaction, reaction.effect, run, None)
        assert statements(lambda: intents.extend(preparing())) == 2
        outcomes = {row.id: (row, Receipt(order_id=row.order_id, receipt="", note="")) for row, _ in intents}
        recording = partial(record, reaction, reaction.effect, run, outcomes, list(outcomes))
        assert statements(recording) == 3 + 1
