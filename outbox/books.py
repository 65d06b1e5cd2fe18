"""Books: which app has to say, after which event, that it holds nothing any more, and by which events it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Books:
    """After the event `after`, each of these apps has to close its book with one of its `closing` events."""

    after: str
    closing: Mapping[str, tuple[str, ...]]


_books: dict[str, Books] = {}


def closing_events_are(after: str, closing: Mapping[str, tuple[str, ...]]) -> None:
    """Declares each app's closing events, for the event after which books are to be closed.

    The outbox itself knows of no such event. `manage.py check` and the choreography map then see to it that each
    app's reactions can lead to one of its closing events.
    """
    _books[after] = Books(after=after, closing=closing)


def declared_books() -> list[Books]:
    """Returns what was declared."""
    return list(_books.values())
