"""The use cases of payments, the only writers of its table."""

from payments.services.capturing import (
    UnknownCharge,
    hear_of_charge,
    prepare_captures,
    record_captures,
    start_captures,
)
from payments.services.closing import close, expire
from payments.services.refunding import NothingToRefund, prepare_refunds, record_refunds, retry_refund

__all__ = [
    "NothingToRefund",
    "UnknownCharge",
    "close",
    "expire",
    "hear_of_charge",
    "prepare_captures",
    "prepare_refunds",
    "record_captures",
    "record_refunds",
    "retry_refund",
    "start_captures",
]
