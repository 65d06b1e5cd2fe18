"""The engine's admin pages: what has happened, what staff can do about it; and the pieces of other apps' pages."""

from outbox.admin import (
    deliveries,
    dispatches,
    events,
    failure_groups,
    heartbeats,
    operations,
    reactions,
    rejected_messages,
)
from outbox.admin.acting import acting
from outbox.admin.as_of import as_of
from outbox.admin.asking import Done, OptionalReasonForm, PlainForm, Question, ReasonForm, ask
from outbox.admin.bounded_paginator import BoundedPaginator
from outbox.admin.exporting import case_as_json, case_as_mermaid
from outbox.admin.history import History, event_history
from outbox.admin.links import order_page_is
from outbox.admin.marks import Tone, mark
from outbox.admin.masking import hidden, hidden_email, is_revealed
from outbox.admin.read_only import OfOrderAdmin, ReadOnlyAdmin
from outbox.admin.times import in_words, since, stamp
from outbox.admin.tools import Tool
from outbox.admin.version import version_of
from outbox.operations.requesting import Refused

__all__ = [
    "BoundedPaginator",
    "Done",
    "History",
    "OfOrderAdmin",
    "OptionalReasonForm",
    "PlainForm",
    "Question",
    "ReadOnlyAdmin",
    "ReasonForm",
    "Refused",
    "Tone",
    "Tool",
    "acting",
    "as_of",
    "ask",
    "case_as_json",
    "case_as_mermaid",
    "deliveries",
    "dispatches",
    "event_history",
    "events",
    "failure_groups",
    "heartbeats",
    "hidden",
    "hidden_email",
    "in_words",
    "is_revealed",
    "mark",
    "operations",
    "order_page_is",
    "reactions",
    "rejected_messages",
    "since",
    "stamp",
    "version_of",
]
