"""Server-sent events (the WHATWG's HTML standard, section 9.2)."""

from __future__ import annotations

from collections import Counter
from threading import Lock

import msgspec
from rest_framework.request import Request

from api.problems import INVALID_PARAMETER, TOO_MANY_REQUESTS, Problem
from api.rendering import JSONRenderer

EVENT_STREAM = "text/event-stream"
# What a proxy or a browser does not take for a dead connection: a comment at least every so many seconds.
HEARTBEAT = 15.0
HEARTBEAT_LINES = b": still here\n\n"
LARGEST_ID = 2**63 - 1


class EventStreamRenderer(JSONRenderer):
    """Lets a view negotiate `text/event-stream`; what it streams it writes by itself."""

    media_type = EVENT_STREAM
    format = "event-stream"


class Places:
    """So many streams may be open in this process, and so many of them for one user."""

    def __init__(self, number: int, *, per_user: int) -> None:
        self._number, self._per_user = number, per_user
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    def taken(self, user: str) -> Place:
        """Returns a place for one stream more of this user.

        Raises:
            Problem: there is none.
        """
        with self._lock:
            if self._open[user] >= self._per_user or self._open.total() >= self._number:
                raise Problem(TOO_MANY_REQUESTS, "Too many streams are open.", headers={"Retry-After": "15"})
            self._open[user] += 1
        return Place(self, user)

    def left(self, user: str) -> None:
        with self._lock:
            self._open -= Counter({user: 1})


class Place:
    """A place for a stream, left once: when the stream is over, or when it is never begun."""

    def __init__(self, places: Places, user: str) -> None:
        self._places: Places | None = places
        self._user = user

    def leave(self) -> None:
        places, self._places = self._places, None
        if places:
            places.left(self._user)

    def __del__(self) -> None:
        self.leave()


def message(*, id: int, event: str, data: msgspec.Struct) -> bytes:
    """Returns one event as lines of the stream; JSON has no line breaks of its own."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (id, event.encode(), msgspec.json.encode(data))


def last_event_id(request: Request) -> int:
    """Returns the id of the last event that the client has had, 0 if it has had none.

    Raises:
        Problem: `Last-Event-ID` is none of ours.
    """
    text = request.headers.get("Last-Event-ID", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_ID):
        raise Problem(INVALID_PARAMETER, "Last-Event-ID is the id of an event of this stream.")
    return int(text)
