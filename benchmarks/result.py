"""What one run hands to the process that compares the runs."""

import msgspec

RATE = 10  # orders a second of a steady run, placed one by one
WARM_UP = 20  # of these the first, which meet processes that have done nothing yet, are not counted


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """A backlog, worked off. `python` and `postgres` are seconds of processor time, the latter 0 if not known."""

    orders: int
    seconds: float
    statements: int
    commits: int
    python: float
    postgres: float

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds


class Steady(msgspec.Struct, frozen=True, kw_only=True):
    """Orders placed one by one: the seconds from placed to shipped, of each."""

    latencies: list[float]
