"""A fact that only the next release knows."""

from outbox import Event


class Greeted(Event, frozen=True, kw_only=True):
    """Whoever rang has been greeted."""

    note: str = ""
