"""The choreography as it is declared: which events there are, which reactions hear and emit them, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from outbox.books import declared_books
from outbox.events import event_name, published_events
from outbox.models import Reaction as ReactionRow
from outbox.reactions import Reaction

USE_CASES = "use cases"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A reaction; or, without an id, the use cases of an app, which publish what no reaction emits."""

    id: str
    app: str
    hears: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    description: str = ""
    folds: bool = False
    is_declared: bool = True

    @property
    def is_page(self) -> bool:
        """Whether there is a page about it."""
        return bool(self.id) and self.is_declared

    @property
    def name(self) -> str:
        return self.id.partition(".")[2] or USE_CASES


@dataclass(frozen=True, kw_only=True)
class Choreography:
    """The events with a sentence about each, and the parts that hear and emit them."""

    events: Mapping[str, str]
    parts: Sequence[Part]
    _reach: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False)

    @property
    def published(self) -> set[str]:
        return {name for part in self.parts for name in part.emits}

    @property
    def heard(self) -> set[str]:
        return {name for part in self.parts for name in part.hears}

    def following(self, event: str) -> set[str]:
        """Returns the events that may be emitted in answer to this one."""
        return {name for part in self.parts if event in part.hears for name in part.emits}

    def reach(self, event: str) -> set[str]:
        """Returns the events that may follow from this one, however indirectly."""
        if event not in self._reach:
            found, to_do = set[str](), [event]
            while to_do:
                new = self.following(to_do.pop()) - found
                found |= new
                to_do += new
            self._reach[event] = found
        return self._reach[event]

    @property
    def cycles(self) -> list[list[str]]:
        """The sets of events of which each may follow from each, in the order of the flow."""
        order, cycles = self.in_flow_order(), list[list[str]]()
        for event in order:
            if event in self.reach(event) and not any(event in cycle for cycle in cycles):
                cycles.append([other for other in order if other in self.reach(event) and event in self.reach(other)])
        return cycles

    def in_flow_order(self) -> list[str]:
        """Returns the events, each after those that it may follow from; of a cycle, first what it is entered by.

        What follows from nothing stands right before what first follows from it, or at the end.
        """
        return sorted(
            self.events, key=lambda event: (self._depth(event), self._entry(event), -len(self.reach(event)), event)
        )

    def open_books(self) -> Iterator[str]:
        """Yields a sentence about each app that cannot close its book, of those that are here."""
        apps = {part.app for part in self.parts}
        for books in declared_books():
            for app, closing in books.closing.items():
                answers = {n for p in self.parts if p.app == app and books.after in p.hears for n in p.emits}
                if app in apps and not answers.union(*map(self.reach, answers)) & set(closing):
                    yield f"{app} cannot close its book: no answer to {books.after} leads to {' or '.join(closing)}."

    def _depth(self, event: str) -> float:
        """How many events may come before it at most; those of a cycle are equally deep."""
        before = {other for other in self.events if event in self.reach(other)}
        if before:
            return len(before - self.reach(event))
        return min((self._depth(other) - 0.5 for other in self.following(event)), default=len(self.events))

    def _entry(self, event: str) -> bool:
        """Whether it follows only from within its cycle."""
        before = {other for other in self.events if event in self.following(other)}
        return bool(before) and before <= self.reach(event)


def declared_choreography() -> Choreography:
    """Returns what the tables of reactions and subscriptions, and the installed apps' events, declare.

    Two statements.
    """
    rows = ReactionRow.objects.filter(retired_at=None).prefetch_related("subscriptions").order_by("id")
    reactions = [_part(row) for row in rows]
    return _choreography(reactions)


def coded_choreography(reactions: Iterable[Reaction]) -> Choreography:
    """Returns what these reactions of the installed code, and the installed apps' events, declare."""
    return _choreography([_coded_part(reaction) for reaction in reactions])


def _choreography(reactions: Sequence[Part]) -> Choreography:
    events = {name: " ".join((cls.__doc__ or "").split()) for name, cls in published_events().items()}
    emitted = {name for part in reactions for name in part.emits}
    events |= dict.fromkeys(sorted({name for part in reactions for name in part.hears} | emitted) - events.keys(), "")
    return Choreography(events=events, parts=[*use_cases(published_events().keys() - emitted), *reactions])


def use_cases(events: Iterable[str]) -> list[Part]:
    """Returns the use cases of the apps that publish these events."""
    events = sorted(events)
    apps = dict.fromkeys(name.partition(".")[0] for name in events)
    return [Part(id="", app=app, emits=tuple(n for n in events if n.startswith(f"{app}."))) for app in apps]


def _part(row: ReactionRow) -> Part:
    return Part(
        id=row.id,
        app=row.app,
        hears=tuple(sorted(subscription.event_name for subscription in row.subscriptions.all())),
        emits=tuple(row.contract.get("emits", ())),
        description=row.description,
        folds=row.folds,
    )


def _coded_part(reaction: Reaction) -> Part:
    return Part(
        id=reaction.id,
        app=reaction.app,
        hears=tuple(sorted(reaction.contract.reads)),
        emits=tuple(event_name(cls) for cls in reaction.contract.emits),
        description=reaction.description,
        folds=reaction.folds,
    )
