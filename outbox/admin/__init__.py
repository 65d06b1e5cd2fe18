"""The engine's admin pages, all of them read-only, and the pieces of which other apps' pages are made."""

from outbox.admin import deliveries, dispatches, events, heartbeats, reactions, rejected_messages
from outbox.admin.acting import acting
from outbox.admin.bounded_paginator import BoundedPaginator
from outbox.admin.history import History, event_history
from outbox.admin.links import order_page_is
from outbox.admin.marks import Tone, mark
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import in_words, since, stamp

__all__ = [
    "BoundedPaginator",
    "History",
    "ReadOnlyAdmin",
    "Tone",
    "acting",
    "deliveries",
    "dispatches",
    "event_history",
    "events",
    "heartbeats",
    "in_words",
    "mark",
    "order_page_is",
    "reactions",
    "rejected_messages",
    "since",
    "stamp",
]
