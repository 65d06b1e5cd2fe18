"""The process that dies in the machine dies as one that is killed: everywhere, and leaving what was committed."""

from __future__ import annotations

from functools import partial

import pytest

from outbox.models import Reaction, Subscription
from tests.every_order import crashing
from tests.outbox.rings import delivery_of, dispatched, effects, work

pytestmark = pytest.mark.django_db(transaction=True)

MORE_THAN_IT_NEEDS = 40


@pytest.fixture(autouse=True)
def _only_one_reaction_listens(transactional_db: None) -> None:
    Subscription.objects.exclude(reaction="toy.echo").delete()
    Reaction.objects.update(credit=MORE_THAN_IT_NEEDS, batch_size=1)  # what was cut off stays open


def test_a_delivery_is_cut_off_at_every_statement_and_commit_and_is_whole_or_not_at_all() -> None:
    left = []
    for statements in range(MORE_THAN_IT_NEEDS):
        (order,), message = dispatched("")
        lived = crashing.run(partial(work, message), statements)
        left.append((delivery_of(order).state, effects(order)))
        if lived:
            break
    cut_off = left.count(("dispatched", 0))
    assert left == [("dispatched", 0)] * cut_off + [("done", 1)] * (len(left) - cut_off)
    assert cut_off > 5
    assert len(left) > cut_off + 1, "nobody has died after the commit"


def test_who_is_to_live_does_all_of_it() -> None:
    (order,), message = dispatched("")
    assert crashing.run(partial(work, message), None)
    assert delivery_of(order).state == "done"
