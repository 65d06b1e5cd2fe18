"""The engine's settings: `OUTBOX = {...}` in Django's settings, each with the default that it has here."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings


@dataclass(frozen=True, kw_only=True)
class Conf:
    """Times are in seconds."""

    # The number of deliveries that one dispatch carries: large enough to make its fixed cost vanish, small enough
    # to finish well within the first lease.
    batch_size: int = 200
    # Of a killed worker's effects that cannot be looked up, such as mails, a whole batch is in doubt.
    effect_batch_size: int = 100
    # Open dispatches a reaction: while they run the table collects the next batch. One more than a worker has
    # processes, so that none of them waits for the relay (decision 0031).
    credit: int = 3
    # While a reaction's last dispatch is younger than this, another one is opened only for a full batch.
    hold: float = 0.5
    max_attempts: int = 8
    # An effect is tried for about half an hour: providers and mail servers are away longer than databases.
    effect_max_attempts: int = 16
    # The first lease and the longest: it doubles each time that nobody answers for it.
    lease: float = 5.0
    longest_lease: float = 60.0
    # The relay looks this often when no notification wakes it; notifications are only hints.
    poll: float = 1.0
    # What a dispatch has not begun after this goes back to the table, to stay clear of the soft time limit.
    patience: float = 8.0
    # Exponential backoff with full jitter between these.
    backoff: float = 1.0
    longest_backoff: float = 300.0
    # A delivery that is not ready yet, or whose reaction this process does not know, comes back after this.
    soon: float = 1.0
    # A transient database error is retried this often in a row before it counts as a failure.
    transient_retries: int = 3
    # A process whose heartbeat is older is taken for dead.
    heartbeat: float = 2.0
    dead_after: float = 10.0
    # An answer outside the contract raises (tests, development) instead of being recorded as drift (production).
    strict: bool = False
    # How long the outside providers remember an idempotency key: automatic retries must end before.
    provider_memory: timedelta = timedelta(hours=24)


def conf() -> Conf:
    """Returns the settings in force; read anew at each call, so that tests may override them."""
    return Conf(**getattr(settings, "OUTBOX", {}))
