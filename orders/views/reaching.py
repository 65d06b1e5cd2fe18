"""Which orders a request reaches: a customer's own; with the scope or the permission, all."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from rest_framework.request import Request

from api.access import Need, granted
from orders import services
from orders.models import Order

SEE_ANY = Need("orders:read", "orders.view_order")
CANCEL_ANY = Need("orders:write", "orders.request_cancel")
SEE_WHOLE_EVENTS = Need("events:read", "outbox.view_event")


def reached(request: Request, *needs: Need) -> QuerySet[Order]:
    """Returns all orders if one of the needs is granted, else those of whoever asks."""
    if any(granted(request, need) for need in needs):
        return services.with_owed_parts(Order.objects.all())
    return Order.objects.filter(customer=cast(User, request.user))
