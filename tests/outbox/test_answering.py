"""Answers of more than one word: several events at once, and not yet, but then; and the envelope for who asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from outbox import Batch, EnvelopeReader, Ignored, Several
from outbox.compatibility import differences
from outbox.contracts import contract_of
from outbox.delivery.answering import ContractBroken, read, settle
from outbox.delivery.rows import load
from outbox.models import Event as EventRow
from outbox.reactions import Reaction
from tests.outbox.rings import dispatched, emitted, run
from tests.toy.events import Echoed, Heard, Rung

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("echo_alone")]


class TestSeveral:
    def test_are_one_answer_and_each_is_published_with_its_cause(self) -> None:
        (delivery,) = run("several")
        assert (delivery.state, delivery.drift) == ("done", "")
        assert delivery.outcome == "toy.Echoed, toy.Echoed"
        events = emitted(delivery.order_id)
        assert [event.payload["note"] for event in events] == ["first", "second"]
        assert {event.cause_id for event in events} == {str(EventRow.objects.get(name="toy.Rung").id)}

    @pytest.mark.parametrize("declared", ["one at a time", "of another event"])
    def test_have_to_be_declared(self, declared: str) -> None:
        def one_at_a_time(rung: Batch[Rung]) -> Iterator[Echoed | Ignored]: ...
        def of_another_event(rung: Batch[Rung]) -> Iterator[Several[Heard] | Echoed]: ...

        react = one_at_a_time if declared == "one at a time" else of_another_event
        contract = contract_of(["toy.Rung"], react, react, within=timedelta(minutes=1))
        reaction = Reaction(id="toy.declared", app="toy", contract=contract, queue="toy", source="", description="")
        _, message = dispatched("")
        with transaction.atomic():
            (row,) = load(message.dispatch)
            answer = Several((Echoed(order_id=row.order_id), Echoed(order_id=row.order_id)))
            with pytest.raises(ContractBroken, match="undeclared answer"):
                settle(reaction, [row], [answer])

    def test_are_in_the_contract_as_what_may_be_emitted(self) -> None:
        def react(rung: Batch[Rung]) -> Iterator[Several[Heard | Echoed] | Ignored]: ...

        contract = contract_of(["toy.Rung"], react, react, within=timedelta(minutes=1))
        assert contract.emits == (Heard, Echoed)
        assert sorted(cls.__name__ for cls in contract.emits_several) == ["Echoed", "Heard"]

    def test_are_of_one_order_and_at_least_one(self) -> None:
        for events in ((), (Echoed(order_id=uuid4()), Echoed(order_id=uuid4()))):
            with pytest.raises(ValueError, match="of one order"):
                Several(events)


class TestNotReadyYet:
    @pytest.mark.parametrize(("note", "wait"), [("not ready", 1), ("not ready for an hour", 3_600)])
    def test_comes_again_when_it_says_and_costs_no_attempt(self, note: str, wait: float) -> None:
        (delivery,) = run(note)
        assert (delivery.state, delivery.attempts) == ("waiting", 0)
        assert abs((delivery.due_at - timezone.now()).total_seconds() - wait) < 10


class TestAnEnvelopeReader:
    class Rung(EnvelopeReader, frozen=True, kw_only=True):
        note: str

    def test_is_told_which_event_it_was_and_when(self) -> None:
        def react(rung: Batch[TestAnEnvelopeReader.Rung]) -> Iterator[Ignored]: ...

        contract = contract_of(["toy.Rung"], react, react, within=timedelta(minutes=1))
        reaction = Reaction(id="toy.react", app="toy", contract=contract, queue="toy", source="", description="")
        _, message = dispatched("hello")
        with transaction.atomic():
            (rung,) = read(reaction, load(message.dispatch))
        row = EventRow.objects.get()
        assert (rung.event_id, rung.occurred_at, rung.note) == (row.id, row.occurred_at, "hello")

    def test_is_compared_with_what_is_published_but_for_the_envelope(self) -> None:
        assert differences(Rung, self.Rung) == []
        assert [difference.path for difference in differences(Heard, self.Rung)] == ["note"]
