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
CAPTURE_STARTED = "payments.PaymentCaptureStarted"
REFUND_STARTED = "payments.PaymentRefundStarted"
SHIPMENT_STARTED = "shipping.ShipmentStarted"
STOP_REFUSED = "shipping.ShipmentStopRefused"

# An event, and those of which one has to have happened.
NEEDS: dict[str, tuple[str, ...]] = {
    RESERVED: (PLACED,),
    REFUSED: (PLACED,),
    CAPTURE_STARTED: (RESERVED,),
    CAPTURED: (CAPTURE_STARTED,),
    DECLINED: (CAPTURE_STARTED,),
    EXPIRED: (CAPTURE_STARTED,),
    LATE: (CAPTURE_STARTED,),
    SHIPMENT_STARTED: (CAPTURED,),
    SHIPPED: (SHIPMENT_STARTED,),
    FAILED: (SHIPMENT_STARTED,),
    DELIVERED: (SHIPMENT_STARTED,),
    COMMITTED: (SHIPPED,),
    CANCELLED: (REFUSED, DECLINED, EXPIRED, FAILED, STOPPED),
    CANCEL_REJECTED: (STOP_REFUSED,),
    STOP_REFUSED: (CANCEL_REQUESTED,),
    STOPPED: (CANCELLED, CANCEL_REQUESTED),
    RELEASED: (CANCELLED,),
    VOIDED: (CANCELLED,),
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

# What is said of an order once. (A refund that failed may fail again, and a mail may be sent for each occasion.)
SAID_ONCE = tuple({PLACED, *NEEDS} - {REFUND_STARTED, REFUND_FAILED})

STATES = """
SELECT order_id, 'inventory' AS app, state FROM inventory_reservation
UNION ALL SELECT order_id, 'payments', state FROM payments_payment
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
    ("payments", "started"): (CAPTURE_STARTED,),
    ("payments", "capturing"): (CAPTURE_STARTED,),
    ("payments", "captured"): (CAPTURED,),
    ("payments", "declined"): (DECLINED,),
    ("payments", "expired"): (EXPIRED,),
    ("payments", "voided"): (VOIDED,),
    ("payments", "refunding"): (REFUND_STARTED, LATE),
    ("payments", "refunded"): (REFUNDED,),
    ("payments", "refund_failed"): (REFUND_FAILED,),
    ("shipping", "started"): (SHIPMENT_STARTED,),
    ("shipping", "buying"): (SHIPMENT_STARTED,),
    ("shipping", "shipped"): (SHIPPED,),
    ("shipping", "failed"): (FAILED,),
    ("shipping", "stopped"): (STOPPED,),
    ("orders", "cancelled"): (CANCELLED,),
    ("orders", "rejected"): (CANCEL_REJECTED,),
}
