"""The engine's times, shortened: for processes that are to die often."""

TIMES = {
    "max_attempts": 3,
    "lease": 2.0,
    "longest_lease": 2.0,
    "poll": 0.2,
    "backoff": 0.05,
    "longest_backoff": 0.5,
    "soon": 0.2,
    "heartbeat": 0.5,
    "dead_after": 3.0,
}
