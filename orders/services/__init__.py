"""The use cases of orders, the only writers of its tables."""

from orders.services.cancelling import NotCancellable, cancel_refused, request_cancellation, settle_requests
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
    "CannotPlace",
    "InactiveSku",
    "InvalidLines",
    "Mismatch",
    "MixedCurrencies",
    "NotCancellable",
    "TotalTooLarge",
    "UnknownSku",
    "cancel_refused",
    "in_batches",
    "mend",
    "mismatches",
    "place_order",
    "request_cancellation",
    "settle_requests",
    "track",
]
