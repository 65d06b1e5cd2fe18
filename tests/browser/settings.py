"""The project's settings, with an engine that gives up in seconds what it would try for half an hour."""

from config.settings import *  # noqa: F403
from config.settings import OUTBOX

OUTBOX = {**OUTBOX, "max_attempts": 3, "effect_max_attempts": 3, "backoff": 0.05, "longest_backoff": 0.2, "poll": 0.2}
API_THROTTLES = {}  # one customer places all the orders
