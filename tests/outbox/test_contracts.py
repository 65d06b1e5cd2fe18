"""Contracts: read from signatures, and a signature that cannot be read says where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from outbox import Batch, Ignored, NotReadyYet, Waiting
from outbox.contracts import BadSignature, Contract, contract_of
from outbox.reactions import reactions
from tests.toy import reactions as toy
from tests.toy.events import Echoed, Heard, Rung

MINUTE = timedelta(minutes=1)


def contract(function: Callable[..., Any], *events: str) -> Contract:
    return contract_of(events or ("toy.Rung",), function, function, within=MINUTE)


class Receipt(msgspec.Struct):
    """What an effect might hand from one part to the next: neither an event nor an answer."""


class TestASignature:
    def test_says_what_is_read_and_what_may_be_emitted(self) -> None:
        def react(rung: Batch[Rung]) -> Iterator[Heard | Echoed | Ignored]: ...

        assert contract(react) == Contract(
            reads={"toy.Rung": Rung},
            emits=(Heard, Echoed),  # in its order
            may_ignore=True,
            may_wait=False,
            may_be_unready=False,
            within=MINUTE,
        )

    def test_of_a_join_names_a_struct_for_each_event(self) -> None:
        def react(heard: Batch[Rung | Echoed]) -> Iterator[Heard | Waiting | NotReadyYet]: ...

        read = contract(react, "toy.Echoed", "other.Rung")
        assert read.reads == {"other.Rung": Rung, "toy.Echoed": Echoed}
        assert (read.may_wait, read.may_be_unready, read.may_ignore) == (True, True, False)

    def test_of_one_that_only_takes_note_declares_no_answer(self) -> None:
        def react(rung: Batch[Rung]) -> None: ...

        assert not contract(react).answers

    def test_of_an_effect_is_read_from_two_of_its_parts_and_intents_are_no_answers(self) -> None:
        class Ring:
            def prepare(self, rung: Batch[Rung]) -> Iterator[Receipt | Ignored]: ...
            def record(self, outcomes: Sequence[Receipt]) -> Iterator[Heard]: ...

        read = contract_of(["toy.Rung"], Ring.prepare, Ring.record, within=MINUTE)
        assert (read.emits, read.may_ignore, read.answers) == ((Heard,), True, True)

    def test_becomes_a_row_that_another_release_can_read(self) -> None:
        assert reactions()["toy.join"].contract.describe() == {
            "reads": {"toy.Rung": ["order_id", "note"], "toy.Echoed": ["order_id", "note"]},
            "emits": ["toy.Heard"],
            "may_ignore": False,
            "may_wait": True,
            "may_be_unready": False,
            "within_s": 60.0,
        }


class Bad:
    """Signatures that do not say what they have to."""

    def no_batch(self, rung: Rung) -> None: ...
    def bare_batch(self, rung: Batch) -> None: ...  # type: ignore[type-arg]
    def no_annotation(self, rung) -> None: ...  # type: ignore[no-untyped-def]
    def two_batches(self, rung: Batch[Rung], echoed: Batch[Echoed]) -> None: ...
    def another_event(self, echoed: Batch[Echoed]) -> None: ...
    def one_event_more(self, heard: Batch[Rung | Echoed]) -> None: ...
    def no_class(self, rung: Batch[Rung]) -> Iterator[list[Echoed]]: ...
    def unknown_name(self, rung: Batch[Rung]) -> Iterator[Vanished]: ...  # type: ignore[name-defined]  # noqa: F821


class TestASignatureThatCannotBeRead:
    @pytest.mark.parametrize("name", [name for name in vars(Bad) if not name.startswith("_")])
    def test_is_named(self, name: str) -> None:
        with pytest.raises(BadSignature, match=rf"Bad\.{name}"):
            contract(getattr(Bad, name))

    @pytest.mark.parametrize("events", [("a.Rung", "b.Rung"), ("toy.Rung", "toy.Rung")], ids=["alike", "twice"])
    def test_is_one_whose_events_cannot_be_told_apart(self, events: tuple[str, ...]) -> None:
        with pytest.raises(BadSignature, match="echo"):
            contract(toy.echo, *events)
