"""What may happen to an order at all: which event needs which, what excludes what, and what states a row's state."""

from orders.status import (
    CANCEL_REJECTED,
    CANCEL_REQUESTED,
    CANCELLED,
    CAPTURED,
    COMMITTED,
    DECLINED,
    DELIVERED,
    EXPIRED,
    FAILED,
    LATE,
    PART_REFUND_DROPPED,
    PART_REFUND_FAILED,
    PARTLY_REFUNDED,
    REFUND_FAILED,
    REFUNDED,
    REFUSED,
    RELEASED,
    RESERVED,
    SHIPPED,
    STOPPED,
    VOIDED,
)  # fmt: skip

PLACED = "orders.OrderPlaced"
OPENED = "payments.PaymentOpened"
PART_REFUND_STARTED = "payments.PartialRefundStarted"
REFUND_STARTED = "payments.PaymentRefundStarted"
STOP_REFUSED = "shipping.ShipmentStopRefused"

# An event, and those of which one has to have happened.
NEEDS: dict[str, tuple[str, ...]] = {
    RESERVED: (PLACED,),
    REFUSED: (PLACED,),
    OPENED: (RESERVED,),
    CAPTURED: (RESERVED,),
    DECLINED: (RESERVED,),
    EXPIRED: (RESERVED,),
    LATE: (RESERVED,),
    SHIPPED: (CAPTURED,),
    FAILED: (CAPTURED,),
    DELIVERED: (CAPTURED,),
    COMMITTED: (SHIPPED,),
    CANCELLED: (REFUSED, DECLINED, EXPIRED, FAILED, STOPPED),
    CANCEL_REJECTED: (STOP_REFUSED,),
    STOP_REFUSED: (CANCEL_REQUESTED,),
    STOPPED: (CANCELLED, CANCEL_REQUESTED),
    RELEASED: (CANCELLED,),
    VOIDED: (CANCELLED,),
    PART_REFUND_STARTED: (CAPTURED,),
    PARTLY_REFUNDED: (PART_REFUND_STARTED,),
    PART_REFUND_FAILED: (PART_REFUND_STARTED,),
    PART_REFUND_DROPPED: (PART_REFUND_FAILED,),
    REFUND_STARTED: (CAPTURED, LATE),
    REFUNDED: (CAPTURED, LATE),
    REFUND_FAILED: (CAPTURED, LATE),
}

# An event, and those that cannot have happened to the same order.
EXCLUDES: dict[str, tuple[str, ...]] = {
    RESERVED: (REFUSED,),
    COMMITTED: (RELEASED, REFUSED),
    CAPTURED: (DECLINED, EXPIRED, VOIDED, LATE),
    SHIPPED: (STOPPED, FAILED),
    STOPPED: (FAILED,),
}

# What is said of an order once. (A refund that failed may fail again, parts may go
# back as often as staff wants, and a mail may be sent for each occasion.)
REFUNDED_IN_PARTS = {PART_REFUND_STARTED, PARTLY_REFUNDED, PART_REFUND_FAILED, PART_REFUND_DROPPED}
SAID_ONCE = tuple({PLACED, *NEEDS} - {REFUND_STARTED, REFUND_FAILED} - REFUNDED_IN_PARTS)

STATES = """
SELECT order_id, 'inventory' AS app, state FROM inventory_reservation
UNION ALL SELECT order_id, 'payments', state FROM payments_payment
UNION ALL SELECT order_id, 'refunds', state FROM payments_refund
UNION ALL SELECT order_id, 'shipping', state FROM shipping_shipment
UNION ALL SELECT id, 'orders', 'cancelled' FROM orders_order WHERE cancelled_at IS NOT NULL
UNION ALL SELECT order_id, 'orders', 'rejected' FROM orders_cancellationrequest WHERE rejected_at IS NOT NULL
"""

# A state, and the events of which one has to have stated it. States that nobody states are missing.
STATED_BY: dict[tuple[str, str], tuple[str, ...]] = {
    ("inventory", "held"): (RESERVED,),
    ("inventory", "refused"): (REFUSED,),
    ("inventory", "released"): (RELEASED,),
    ("inventory", "committed"): (COMMITTED,),
    ("payments", "in_grace"): (RESERVED,),
    ("payments", "capturing"): (RESERVED,),
    ("payments", "captured"): (CAPTURED,),
    ("payments", "declined"): (DECLINED,),
    ("payments", "expired"): (EXPIRED,),
    ("payments", "voided"): (VOIDED,),
    ("payments", "refunding"): (REFUND_STARTED, LATE),
    ("payments", "refunded"): (REFUNDED,),
    ("payments", "refund_failed"): (REFUND_FAILED,),
    ("refunds", "refunding"): (PART_REFUND_STARTED,),
    ("refunds", "refunded"): (PARTLY_REFUNDED,),
    ("refunds", "refund_failed"): (PART_REFUND_FAILED,),
    ("refunds", "dropped"): (PART_REFUND_DROPPED,),
    ("shipping", "buying"): (CAPTURED,),
    ("shipping", "shipped"): (SHIPPED,),
    ("shipping", "failed"): (FAILED,),
    ("shipping", "stopped"): (STOPPED,),
    ("orders", "cancelled"): (CANCELLED,),
    ("orders", "rejected"): (CANCEL_REJECTED,),
}
