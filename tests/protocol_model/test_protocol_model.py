"""The order protocol holds in every order of arrival, and what is known to break it is caught."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from functools import cache
from itertools import combinations
from time import process_time
from typing import NamedTuple

import pytest

from orders.status import CANCELLED, FOLDED, REFUNDED, status_of
from outbox.events import event_name, published_events
from outbox.reactions import Reaction, reactions
from tests.protocol_model.environment import PROTOCOL
from tests.protocol_model.explore import Exploration, Violation
from tests.protocol_model.faults import FAULTS
from tests.protocol_model.invariants import INVARIANTS, MOVES, NEVER_BACK, may_become
from tests.protocol_model.protocol import REACTIONS, Protocol

DUPLICATES = 2
APPS = ("orders", "inventory", "payments", "shipping")
FOLD = "orders.track_progress"  # is not in the model: it answers nothing, and the status is checked by itself
# Parts of the money given back while the order goes on are not in the model either: staff decides on them, and they
# change neither status nor books. Cancellations beside them are the races R33 and R34, and `tests/every_order`.
REFUND_PART = "payments.refund_part"
OF_PARTS = {
    f"payments.{name}"
    for name in ("PartialRefundStarted", "PaymentPartlyRefunded", "PartialRefundFailed", "PartialRefundDropped")
}
AFTER_PARTS = {"payments.close_payment": {REFUNDED}}  # when parts have given back all there was

Status = Callable[[Set[str]], str]


class Explored(NamedTuple):
    """Every state of the right protocol; `seconds` is the processor's time for it."""

    exploration: Exploration
    violation: Violation | None
    seconds: float


@pytest.fixture(scope="module")
def explored() -> Explored:
    gc.disable()  # nothing here is garbage, and looking for some takes as long as two thirds of the rest
    try:
        started, exploration = process_time(), Exploration(PROTOCOL, duplicates=DUPLICATES)
        violation = exploration.find_violation()
        return Explored(exploration, violation, process_time() - started)
    finally:
        gc.enable()


def test_every_invariant_holds_in_every_state(explored: Explored, capsys: pytest.CaptureFixture[str]) -> None:
    states = len(explored.exploration)
    with capsys.disabled():
        print(f"\nThe protocol's {states:,} states explored in {explored.seconds:.1f} s")  # noqa: T201 - asked for
    assert explored.violation is None, str(explored.violation)
    # Work is what a test can bound, whatever the machine: an ordinary one explores some 130,000 states a second.
    assert 100_000 <= states < 1_000_000


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_caught(name: str) -> None:
    violation = simplest_violation(FAULTS[name].planted())
    assert violation is not None
    assert violation.invariant == FAULTS[name].breaks, str(violation)


def simplest_violation(protocol: Protocol) -> Violation | None:
    """Returns the violation with the fewest duplicates, and of those one with the fewest steps."""
    found = (Exploration(protocol, duplicates=number).find_violation() for number in range(DUPLICATES + 1))
    return next(filter(None, found), None)


def test_each_invariant_is_broken_by_some_fault() -> None:
    # That the status never goes back is a promise of the fold alone; it is broken below.
    assert {fault.breaks for fault in FAULTS.values()} == set(INVARIANTS) - {NEVER_BACK}


def test_a_trace_reads_as_a_list_of_steps() -> None:
    violation = simplest_violation(FAULTS["shipping closes its book again at OrderCancelled"].planted())
    assert str(violation).splitlines() == [
        "after 4 steps it does not hold: a book is closed once",
        "   1. orders.request_cancellation -> orders.OrderCancellationRequested",
        "   2. shipping.decide_cancellation <- orders.OrderCancellationRequested -> shipping.ShipmentStopped",
        "   3. orders.settle_cancellation <- shipping.ShipmentStopped -> orders.OrderCancelled",
        "   4. shipping.stop_shipment <- orders.OrderCancelled -> shipping.ShipmentStopped",
    ]


class TestTheModelIsAboutTheRealApps:
    def test_it_has_their_reactions_and_they_hear_the_same(self) -> None:
        heard = {name: set(reaction.contract.reads) for name, reaction in real_reactions().items()}
        assert {name: set(rule.hears) for name, rule in REACTIONS.items()} == heard

    def test_its_reactions_publish_what_the_contracts_declare(self, explored: Explored) -> None:
        published: dict[str, set[str]] = defaultdict(set)
        for _, move in explored.exploration.moves():
            published[move.rule].update(event.name for event in move.published)
        for name, reaction in real_reactions().items():
            declared = {event_name(event) for event in reaction.contract.emits}
            assert published[name] == declared - AFTER_PARTS.get(name, set()), name

    def test_every_event_of_theirs_happens_in_it(self, explored: Explored) -> None:
        real = {name for name in published_events() if name.startswith(APPS)}
        assert frozenset().union(*explored.exploration.histories()) == real - OF_PARTS


def real_reactions() -> dict[str, Reaction]:
    """Returns the reactions of the modules that take part in the protocol; notifications only looks on."""
    left_out = {FOLD, REFUND_PART}
    return {name: reaction for name, reaction in reactions().items() if reaction.app in APPS and name not in left_out}


class TestTheStatus:
    def test_takes_exactly_the_moves_that_are_allowed(self, explored: Explored) -> None:
        status = cache(status_of)
        steps = ((before.published, move.rows.modules.published) for before, move in explored.exploration.moves())
        moves = {(status(before), status(after)) for before, after in steps}
        allowed = {(before, after) for before, following in MOVES.items() for after in following}
        allowed.add(("paid", "delivered"))  # the carrier may tell us of the arrival before we have noted the departure
        assert {(before, after) for before, after in moves if before != after} == allowed

    def test_never_goes_back_however_late_its_events_are_heard(self, explored: Explored) -> None:
        assert list(steps_back(status_of, explored.exploration.histories())) == []

    def test_would_be_caught_going_back(self, explored: Explored) -> None:
        def unpaid_by_refund(seen: Set[str]) -> str:
            return "placed" if REFUNDED in seen and CANCELLED not in seen else status_of(seen)

        assert next(steps_back(unpaid_by_refund, explored.exploration.histories()))


def steps_back(status: Status, histories: Set[frozenset[str]]) -> Iterator[tuple[str, str, str]]:
    """Yields the status before, the event, and the status after it, for each part of a history that can be heard."""
    status = cache(status)
    longest = [history for history in histories if not any(history < other for other in histories)]
    for history in {history.intersection(FOLDED) for history in longest}:
        heard = (frozenset(part) for size in range(len(history)) for part in combinations(history, size))
        for part in heard:
            for event in history - part:
                if not may_become(before := status(part), after := status(part | {event})):
                    yield before, event, after
