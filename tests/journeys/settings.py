"""The project's settings with the engine's times shortened."""

from config.settings import *  # noqa: F403
from tests.faults.times import TIMES

OUTBOX = {"strict": True, **TIMES}
