"""What orders accepts and shows over HTTP: the shapes, and how rows become them."""

from orders.serializers import examples as _examples  # noqa: F401  # registers them
from orders.serializers.answering import answer_as_json
from orders.serializers.cancelling import CancellationState, CancelOrder, shown_cancellation
from orders.serializers.expecting import OrderInDetail, shown_in_detail
from orders.serializers.filtering import FILTERS, chosen
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
    "FILTERS",
    "CancelOrder",
    "CancellationState",
    "History",
    "OrderInDetail",
    "OrderPage",
    "PlaceOrder",
    "PlacedOrder",
    "address_of",
    "answer_as_json",
    "cancellation_of",
    "chosen",
    "shown",
    "shown_cancellation",
    "shown_in_detail",
    "told",
]
