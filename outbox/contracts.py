"""Contracts: what a reaction reads and what it may emit, taken from its signature, which is where people look."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from outbox.answers import Batch, Ignored, NotReadyYet, Several, Waiting
from outbox.events import Event, event_name


class BadSignature(TypeError):
    """A reaction's signature does not say what it reads and what it may emit."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """`reads` maps each event's name on the wire to the struct that this reaction reads it with.

    `emits` is in the order of the signature, in which people name the usual event first.
    """

    reads: dict[str, type[msgspec.Struct]]
    emits: tuple[type[Event], ...]
    emits_several: frozenset[type[Event]] = frozenset()
    may_ignore: bool
    may_wait: bool
    may_be_unready: bool
    within: timedelta

    @property
    def answers(self) -> bool:
        """Whether each event has to be answered; a reaction that declares no answer only takes note."""
        return bool(self.emits or self.may_ignore or self.may_wait or self.may_be_unready)

    def describe(self) -> dict[str, Any]:
        """Returns the contract as JSON, the form in which the database keeps it for other releases and the admin."""
        return {
            "reads": {name: [f.name for f in msgspec.structs.fields(reader)] for name, reader in self.reads.items()},
            "emits": [event_name(cls) for cls in self.emits],
            "may_ignore": self.may_ignore,
            "may_wait": self.may_wait,
            "may_be_unready": self.may_be_unready,
            "within_s": self.within.total_seconds(),
        }


def contract_of(
    events: Iterable[str], hears: Callable[..., Any], says: Callable[..., Any], *, within: timedelta
) -> Contract:
    """Reads the contract from the annotations: the parameter of `hears`, the return values of both functions.

    Raises:
        BadSignature: an event has no struct of its name in the parameter's annotation, or the other way round.
    """
    events = list(events)
    readers = _readers(hears)
    wanted = {name.rpartition(".")[2]: name for name in events}
    if len(wanted) < len(events):
        raise BadSignature(f"{hears.__qualname__} listens to events of the same class name: {sorted(events)}.")
    if set(wanted) != set(readers):
        raise BadSignature(
            f"{hears.__qualname__} listens to {sorted(wanted)} but its parameter reads {sorted(readers)}; "
            "annotate it as Batch[A | B] with one struct of the same name for each event."
        )
    several = [*_several(hears), *_several(says)]
    answers = [*_answers(hears), *_answers(says), *several]
    return Contract(
        reads={wanted[name]: reader for name, reader in readers.items()},
        emits=tuple(dict.fromkeys(answer for answer in answers if issubclass(answer, Event))),
        emits_several=frozenset(several),
        may_ignore=Ignored in answers,
        may_wait=Waiting in answers,
        may_be_unready=NotReadyYet in answers,
        within=within,
    )


def _readers(function: Callable[..., Any]) -> dict[str, type[msgspec.Struct]]:
    hints = _hints(function)
    hints.pop("return", None)
    batches = [hint for hint in hints.values() if typing.get_origin(hint) is Batch]
    if len(batches) != 1:
        raise BadSignature(f"{function.__qualname__} needs exactly one parameter annotated Batch[...].")
    return {cls.__name__: cls for cls in _union(typing.get_args(batches[0])[0])}


def _answers(function: Callable[..., Any]) -> list[type]:
    """The event classes and answers in the return annotation; what else stands there (an intent) is not an answer."""
    members = [member for member in _returned(function) if typing.get_origin(member) is not Several]
    if not all(isinstance(member, type) for member in members):
        raise BadSignature(f"{function.__qualname__} has to say as Iterator[A | B] which classes it may answer with.")
    return [cls for cls in members if issubclass(cls, (Event, Ignored, Waiting, NotReadyYet))]


def _several(function: Callable[..., Any]) -> list[type[Event]]:
    """The event classes of which one answer may hold several: the A of `Several[A]` in the return annotation."""
    answers = [member for member in _returned(function) if typing.get_origin(member) is Several]
    return [cls for answer in answers for cls in _union(typing.get_args(answer)[0])]


def _returned(function: Callable[..., Any]) -> list[Any]:
    returned = _hints(function).get("return", type(None))
    return _union(typing.get_args(returned)[0]) if typing.get_args(returned) else []


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError) as error:
        raise BadSignature(f"The annotations of {function.__qualname__} cannot be read: {error}") from error


def _union(hint: Any) -> list[type]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return list(typing.get_args(hint))
    return [hint]
