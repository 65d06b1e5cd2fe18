"""The use cases of orders, the only writers of its tables."""

from orders.services.cancelling import NotCancellable, cancel_refused, request_cancellation, settle_requests
from orders.services.explaining import Answer, Book, answer_of, answers, explain
from orders.services.finding import NoSuchOrder, find_order, search_orders
from orders.services.locking import lock_order
from orders.services.owing import orders_owed_parts, owed_parts, with_owed_parts
from orders.services.pipeline import Stage, pipeline
from orders.services.placing import (
    CannotPlace,
    InactiveSku,
    InvalidLines,
    MixedCurrencies,
    TotalTooLarge,
    UnknownSku,
    place_order,
)
from orders.services.refolding import Mismatch, in_batches, mend, mismatches
from orders.services.tracking import WIRE_NAMES, track

__all__ = [
    "WIRE_NAMES",
    "Answer",
    "Book",
    "CannotPlace",
    "InactiveSku",
    "InvalidLines",
    "Mismatch",
    "MixedCurrencies",
    "NoSuchOrder",
    "NotCancellable",
    "Stage",
    "TotalTooLarge",
    "UnknownSku",
    "answer_of",
    "answers",
    "cancel_refused",
    "explain",
    "find_order",
    "in_batches",
    "lock_order",
    "mend",
    "mismatches",
    "orders_owed_parts",
    "owed_parts",
    "pipeline",
    "place_order",
    "request_cancellation",
    "search_orders",
    "settle_requests",
    "track",
    "with_owed_parts",
]
