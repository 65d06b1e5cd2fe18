"""Internal choreography for Django: facts in an outbox table, relayed through Celery to whoever reacts to them.

This is the public face; an app imports from here and from `outbox.testing`, and from nowhere else in the package.
"""

from outbox.answers import Batch, Ignored, NotDone, NotReadyYet, Several, Waiting
from outbox.books import closing_events_are
from outbox.clock import database_time
from outbox.events import EnvelopeReader, Event, Reader
from outbox.findable import Findable
from outbox.money import Money
from outbox.personal import Personal
from outbox.publishing import TransactionRequired, publish
from outbox.reactions import effect, reacts_to

__all__ = [
    "Batch",
    "EnvelopeReader",
    "Event",
    "Findable",
    "Ignored",
    "Money",
    "NotDone",
    "NotReadyYet",
    "Personal",
    "Reader",
    "Several",
    "TransactionRequired",
    "Waiting",
    "closing_events_are",
    "database_time",
    "effect",
    "publish",
    "reacts_to",
]
