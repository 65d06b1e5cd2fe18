"""What has still to happen to an order, who owes it, until when, and why it does not go on.

It follows from the order's events and deliveries and from the contracts of the reactions, and decides nothing. It knows
of events, reactions and apps, and nothing of what they mean.
"""

from outbox.expectations.deriving import derive
from outbox.expectations.expectation import Expectation, Outlook, Reason
from outbox.expectations.reading import outlooks
from outbox.expectations.wording import clock, either, roughly, sentence
from outbox.expectations.world import World, look_around

__all__ = [
    "Expectation",
    "Outlook",
    "Reason",
    "World",
    "clock",
    "derive",
    "either",
    "look_around",
    "outlooks",
    "roughly",
    "sentence",
]
