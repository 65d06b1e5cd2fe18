"""The endpoints of orders."""

from orders.views.cancelling import Cancellation
from orders.views.following import OrderEvents, OrderStream
from orders.views.ordering import OneOrder, Orders

__all__ = ["Cancellation", "OneOrder", "OrderEvents", "OrderStream", "Orders"]
