"""Internal choreography for Django: facts in an outbox table, relayed through Celery to whoever reacts to them.

This is the public face; an app imports from here and from `outbox.testing`, and from nowhere else in the package.
"""

from outbox.answers import Batch, Ignored, NotDone, NotReadyYet, Waiting
from outbox.events import Event, Reader
from outbox.money import Money
from outbox.publishing import TransactionRequired, publish
from outbox.reactions import effect, reacts_to

__all__ = [
    "Batch",
    "Event",
    "Ignored",
    "Money",
    "NotDone",
    "NotReadyYet",
    "Reader",
    "TransactionRequired",
    "Waiting",
    "effect",
    "publish",
    "reacts_to",
]
