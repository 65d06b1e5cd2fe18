"""The facts of the toy app."""

from datetime import datetime

from outbox import Event


class Rung(Event, frozen=True, kw_only=True):
    """Somebody rang; `note` tells the reactions how to behave."""

    note: str = ""


class Echoed(Event, frozen=True, kw_only=True):
    """The echo of a ring."""

    note: str = ""


class Heard(Event, frozen=True, kw_only=True):
    """The far end has heard the ring."""

    receipt: str


class AlarmSet(Event, frozen=True, kw_only=True):
    """Somebody wants to be woken at this time."""

    wake_at: datetime
    note: str = ""


class Undeclared(Event, frozen=True, kw_only=True):
    """An event that no reaction declares."""
