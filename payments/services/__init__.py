"""The use cases of payments, the only writers of its tables."""

from payments.services.capturing import (
    UnknownCharge,
    WrongAmount,
    hear_of_charge,
    prepare_captures,
    record_captures,
)
from payments.services.closing import close, expire
from payments.services.giving_back import NotTheAmount, drop_part, prepare_parts, record_parts, refund_part, retry_part
from payments.services.refunding import NothingToRefund, RefundInProgress, prepare_refunds, record_refunds, retry_refund

__all__ = [
    "NotTheAmount",
    "NothingToRefund",
    "RefundInProgress",
    "UnknownCharge",
    "WrongAmount",
    "close",
    "drop_part",
    "expire",
    "hear_of_charge",
    "prepare_captures",
    "prepare_parts",
    "prepare_refunds",
    "record_captures",
    "record_parts",
    "record_refunds",
    "refund_part",
    "retry_part",
    "retry_refund",
]
