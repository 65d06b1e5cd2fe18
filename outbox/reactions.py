"""Reactions: what an app does when an event has happened, and the contract that its signature states."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from outbox.answers import AboutAnOrder, Batch, Ignored, NotReadyYet, Several, Waiting
from outbox.conf import conf
from outbox.contracts import Contract, contract_of
from outbox.events import Event, app_of

Answer = Event | Several | Ignored | Waiting | NotReadyYet  # type: ignore[type-arg]  # isinstance() wants it bare
React = Callable[[Batch[Any]], Iterator[Any] | None]
F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound="type[Effect]")


class Effect(Protocol):
    """A reaction whose work is outside the database, in three parts that the engine runs in this order.

    It may also have `look_up(intent)`, which asks the provider what became of an earlier call and returns its
    outcome or None. The engine asks it before each call after the first. An effect without `look_up` is never
    called twice: after any doubt the delivery is parked for an operator.

    And it may have `session()`, a context manager that each calling thread enters once for all the calls of a
    dispatch that it makes: what they share, such as a connection, is opened and closed there.
    """

    def prepare(self, batch: Batch[Any]) -> Iterator[Any]:
        """In a transaction: yields an intent for each event that needs a call, or an answer for one that does not."""
        ...

    def call(self, intent: Any) -> AboutAnOrder:
        """Outside any transaction, with no access to the database: does it, and returns its outcome."""
        ...

    def record(self, outcomes: Sequence[Any]) -> Iterator[Any]:
        """In a transaction: writes down the outcomes and yields an answer for each."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """A reaction as the engine knows it."""

    id: str
    app: str
    contract: Contract
    queue: str
    source: str
    description: str
    react: React | None = None
    effect: Effect | None = None
    width: int = 1
    timeout: float = 0.0
    batch_size: int | None = None
    after: timedelta | str = field(default_factory=timedelta)
    folds: bool = False
    asleep: bool = False

    @property
    def size(self) -> int:
        """The most deliveries that one dispatch of this reaction carries."""
        settings = conf()
        return self.batch_size or (settings.effect_batch_size if self.effect else settings.batch_size)

    @property
    def max_attempts(self) -> int:
        """After this many failed attempts a delivery is parked."""
        return conf().effect_max_attempts if self.effect else conf().max_attempts


_reactions: dict[str, Reaction] = {}
_duplicates: list[str] = []


def reactions() -> dict[str, Reaction]:
    """Returns the reactions that this process knows, by id."""
    return dict(_reactions)


def duplicate_reactions() -> list[str]:
    """Returns the ids that two reactions claim; `manage.py check` reports them."""
    return list(_duplicates)


def reacts_to(
    *events: str,
    within: timedelta = timedelta(seconds=60),
    after: timedelta | str = timedelta(0),
    batch_size: int | None = None,
    folds: bool = False,
    asleep: bool = False,
) -> Callable[[F], F]:
    """Subscribes a function of an app's `reactions.py` to events, named as on the wire.

    Args:
        events: what it hears, such as `orders.OrderPlaced`. Several make it a join (or a fold).
        within: how long it may take, from the last event that it needs, until it has answered.
        after: delays it: a constant, or the name of a datetime field of the event to wait for.
        batch_size: the most deliveries at once, if not the project's default.
        folds: it may take several events of one order in a batch, and then emits nothing.
        asleep: it hears nothing, and costs nothing, until `outbox.subscriptions.wake()` is called for it.
    """

    def register(react: F) -> F:
        _register(
            Reaction(
                id=f"{app_of(react.__module__)}.{react.__name__}",
                app=app_of(react.__module__),
                contract=contract_of(events, react, react, within=within),
                queue=app_of(react.__module__),
                source=_source(react),
                description=_first_line(react),
                react=react,
                batch_size=batch_size,
                after=after,
                folds=folds,
                asleep=asleep,
            )
        )
        return react

    return register


def effect(
    *events: str,
    timeout: float,
    width: int = 10,
    within: timedelta = timedelta(seconds=60),
    batch_size: int | None = None,
) -> Callable[[C], C]:
    """Subscribes an `Effect` class to events; it runs on the queue `app.effects`, by workers of its own.

    Args:
        events: what it hears, named as on the wire.
        timeout: seconds that one call may take; the gateway has to enforce it.
        width: calls that run at the same time.
        within: how long it may take until it has answered.
        batch_size: the most deliveries at once, if not the project's default.
    """

    def register(cls: C) -> C:
        _register(
            Reaction(
                id=f"{app_of(cls.__module__)}.{_snake(cls.__name__)}",
                app=app_of(cls.__module__),
                contract=contract_of(events, cls.prepare, cls.record, within=within),
                queue=f"{app_of(cls.__module__)}.effects",
                source=_source(cls.call),
                description=_first_line(cls),
                effect=cls(),
                width=width,
                timeout=timeout,
                batch_size=batch_size,
            )
        )
        return cls

    return register


def _register(reaction: Reaction) -> None:
    if reaction.id in _reactions:
        _duplicates.append(reaction.id)
    _reactions[reaction.id] = reaction


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _source(function: Callable[..., Any]) -> str:
    return f"{function.__module__.replace('.', '/')}.py:{function.__code__.co_firstlineno}"


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]
