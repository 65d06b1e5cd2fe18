"""What orders accepts and shows over HTTP: the shapes, and how rows become them."""

from orders.serializers.cancelling import CancellationState, CancelOrder, shown_cancellation
from orders.serializers.ordering import (
    History,
    OrderPage,
    PlacedOrder,
    PlaceOrder,
    address_of,
    cancellation_of,
    shown,
    told,
)

__all__ = [
    "CancelOrder",
    "CancellationState",
    "History",
    "OrderPage",
    "PlaceOrder",
    "PlacedOrder",
    "address_of",
    "cancellation_of",
    "shown",
    "shown_cancellation",
    "told",
]
