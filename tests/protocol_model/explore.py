"""Explores every state that a protocol can reach, breadth first, so that a violation is shown by a shortest way to it.

What a rule does depends on the modules' rows alone, not on what else is under way. So each move is worked out and
checked once for all the states that share these rows; there are few of them, and hundreds of times more states.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.protocol_model.invariants import broken_at_rest, broken_by_step
from tests.protocol_model.protocol import Protocol
from tests.protocol_model.state import Delivery, Event, Inventory, Modules


class Rows:
    """The modules' rows at one moment. There is one object for the same rows, so it is compared by identity."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self.moves: dict[int, tuple[Move, ...]] = {}  # by delivery, and by 0 what happens by itself


class Move(NamedTuple):
    """What a rule does to the rows, and the deliveries that it ends and sends, as sets of bits.

    A `repeated` delivery is left to come again, which is possible only so often. `broken` is the invariant that does
    not hold afterwards, if there is one.
    """

    rule: str
    heard: tuple[Event, ...]
    published: tuple[Event, ...]
    rows: Rows
    done: int
    sent: int
    repeated: int
    certain: bool
    broken: str | None

    def __str__(self) -> str:
        steps = (self.rule, *(f"<- {e}" for e in self.heard), *(f"-> {e}" for e in self.published))
        return " ".join(steps) + " (and will come again)" * self.repeated


# The rows, the deliveries under way as a set of bits, and how many of them may still come twice. A set will do, for no
# attempt is published twice; and a plain tuple, for it is made two million times.
State = tuple[Rows, int, int]


class Violation(NamedTuple):
    """An invariant that does not hold, and the steps that lead there."""

    invariant: str
    trace: list[str]

    def __str__(self) -> str:
        steps = (f"{number:4}. {step}" for number, step in enumerate(self.trace, 1))
        return "\n".join((f"after {len(self.trace)} steps it does not hold: {self.invariant}", *steps))


class Moves:
    """Everything that a protocol can do to the modules' rows, worked out when it is asked for."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._happenings = [name for name, rule in protocol.items() if not rule.hears]
        self._hearers: dict[str, list[str]] = defaultdict(list)
        for name, rule in protocol.items():
            for event in rule.hears:
                self._hearers[event].append(name)
        self._bits: dict[Delivery, int] = {}
        self.rows = cache(Rows)
        self.split = cache(self._split)

    def send(self, *events: Event) -> int:
        """Returns the deliveries of the events, one to each reaction that hears it, as a set of bits."""
        deliveries = [Delivery(name, event) for event in events for name in self._hearers[event.name]]
        return sum(self._bits.setdefault(delivery, 1 << len(self._bits)) for delivery in deliveries)

    def possible(self, rows: Rows, bit: int) -> tuple[Move, ...]:
        """Returns what can be done with the delivery, nothing if the reaction is not ready; or, for 0, without any."""
        if bit not in rows.moves:
            rows.moves[bit] = tuple(self._by_delivery(rows.modules, bit) if bit else self._by_itself(rows.modules))
        return rows.moves[bit]

    def _by_itself(self, modules: Modules) -> Iterator[Move]:
        return (move for name in self._happenings if (move := self._move(modules, name)))

    def _by_delivery(self, modules: Modules, bit: int) -> Iterator[Move]:
        reaction, event = list(self._bits)[bit.bit_length() - 1]
        if move := self._move(modules, reaction, event, done=bit):
            yield move
            if move.done:
                yield move._replace(done=0, repeated=1)

    def _move(self, before: Modules, name: str, *heard: Event, done: int = 0) -> Move | None:
        rule = self._protocol[name]
        answer = rule.act(getattr(before, rule.app), *heard)
        if answer is None:
            return None
        after = Modules(**(before._asdict() | {rule.app: answer.module}))
        return Move(
            rule=name,
            heard=heard,
            published=answer.events,
            rows=self.rows(after),
            done=0 if answer.stays_open else done,
            sent=self.send(*answer.events),
            repeated=0,
            certain=rule.certain,
            broken=broken_by_step(before, after),
        )

    def _split(self, pending: int) -> list[int]:
        """Returns the deliveries one by one, and 0 for none."""
        return [0, *(bit for bit in self._bits.values() if bit & pending)]


class Exploration:
    """All states that a protocol reaches from an order just placed, with its stock there and with none left.

    Any deliveries may come twice, up to so many `duplicates` in all: the second time at once or at any time later.
    """

    def __init__(self, protocol: Protocol, *, duplicates: int = 2) -> None:
        self._moves = Moves(protocol)
        self._came_from: dict[State, tuple[State, Move] | None] = dict.fromkeys(self._starts(duplicates))

    def __len__(self) -> int:
        return len(self._came_from)

    def find_violation(self) -> Violation | None:
        """Explores until an invariant does not hold; returns None if all hold everywhere."""
        queue = list(self._came_from)
        for state in queue:
            rests = True
            for move, following in self._steps(state):
                rests = rests and not move.certain
                if following not in self._came_from:
                    self._came_from[following] = state, move
                    queue.append(following)
                if move.broken:
                    return Violation(move.broken, self._trace(following))
            rows, pending, _ = state
            if rests and (broken := broken_at_rest(rows.modules, still_pending=pending > 0)):
                return Violation(broken, self._trace(state))
        return None

    def moves(self) -> Iterator[tuple[Modules, Move]]:
        """Yields everything that was found to be possible, each with the rows before it."""
        for rows in {rows for rows, _, _ in self._came_from}:
            for moves in rows.moves.values():
                yield from ((rows.modules, move) for move in moves)

    def histories(self) -> set[frozenset[str]]:
        """Returns the sets of events that can have been published by some time."""
        return {rows.modules.published for rows in {rows for rows, _, _ in self._came_from}}

    def _starts(self, duplicates: int) -> Iterator[State]:
        for stocked in (1, 0):
            rows = self._moves.rows(Modules(inventory=Inventory(stocked=stocked, free=stocked)))
            yield rows, self._moves.send(Event("orders.OrderPlaced")), duplicates

    def _steps(self, state: State) -> Iterator[tuple[Move, State]]:
        """Yields each move that can be made, and where it leads."""
        rows, pending, spare = state
        for bit in self._moves.split(pending):
            for move in self._moves.possible(rows, bit):
                if move.repeated <= spare:
                    yield move, (move.rows, pending & ~move.done | move.sent, spare - move.repeated)

    def _trace(self, state: State) -> list[str]:
        trace = []
        while step := self._came_from[state]:
            state, move = step
            trace.append(str(move))
        return trace[::-1]
