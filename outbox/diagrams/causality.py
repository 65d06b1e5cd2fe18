"""The tree of causes: each event below the one that caused it, as a list that nests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from outbox.admin.history import History, ToldDelivery, ToldEvent
from outbox.models import Event

DEEPEST = 10  # what is caused further down stays at this depth and names its cause


@dataclass(frozen=True, kw_only=True)
class Node:
    """An event in its place: whether it `opens` a list, has a list of its own, and how many lists end after it.

    `told` is missing for an event that the history leaves out. `unfinished` are the deliveries still to come.
    """

    row: Event
    told: ToldEvent | None
    cause: Event | None
    unfinished: Sequence[ToldDelivery]
    is_deepest: bool
    opens: bool
    has_list: bool
    closes: range


def causality_of(history: History) -> list[Node]:
    """Returns the events of the history, each before what it caused."""
    told = {event.row.position: event for event in history.events}
    placed = _walk(history, told)
    depths = [depth for _, depth, _ in placed] + [0]
    return [
        Node(
            row=row,
            told=told.get(row.position),
            cause=cause,
            unfinished=[one for one in told[row.position].deliveries if one.is_open] if row.position in told else [],
            is_deepest=depth == DEEPEST,
            opens=n == 0 or depths[n - 1] < depth,
            has_list=depths[n + 1] > depth,
            closes=range(max(depth - depths[n + 1], 0)),
        )
        for n, (row, depth, cause) in enumerate(placed)
    ]


def _walk(history: History, told: dict[int, ToldEvent]) -> list[tuple[Event, int, Event | None]]:
    """Each event with its depth and its cause, depth first; without recursion, for a chain may be long."""
    children, roots = _children(history, told)
    placed: list[tuple[Event, int, Event | None]] = []
    to_do: list[tuple[Event, int, Event | None]] = [(root, 0, None) for root in reversed(roots)]
    while to_do:
        row, depth, cause = to_do.pop()
        placed.append((row, depth, cause))
        to_do += [(child, min(depth + 1, DEEPEST), row) for child in reversed(children[row.position])]
    return placed


def _children(history: History, told: dict[int, ToldEvent]) -> tuple[defaultdict[int, list[Event]], list[Event]]:
    """What each event caused, by its position, and the events whose cause is not among them."""
    children: defaultdict[int, list[Event]] = defaultdict(list)
    roots = []
    for event in history.events:
        # An event that names a later one as its cause would be walked for ever.
        if event.cause and event.cause.position in told and event.cause.position < event.row.position:
            children[event.cause.position].append(event.row)
        else:
            roots.append(event.row)
        emitted = [row for delivery in event.deliveries for row in delivery.emitted]
        children[event.row.position] += [row for row in emitted if row.position not in told]
    return children, roots
