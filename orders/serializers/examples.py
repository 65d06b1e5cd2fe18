"""Whole bodies as the OpenAPI document shows them: an order that has shipped, and one that was cancelled."""

from __future__ import annotations

from typing import Any

from api.examples import exemplify
from orders.serializers.cancelling import CancellationState
from orders.serializers.expecting import OrderInDetail
from orders.serializers.ordering import History, OrderPage, PlacedOrder

ID = "01a213a1-ef71-71ba-9577-5edad64fd9e7"
ADDRESS = f"/api/v1/orders/{ID}"
EUROS = {"amount": 3998, "currency": "EUR"}
LINE = {
    "sku": "MUG-BLUE",
    "name": "Blue mug",
    "quantity": 2,
    "unit_price": {"amount": 1999, "currency": "EUR"},
    "total": EUROS,
}
SHIP_TO = {
    "recipient": "Ada Lovelace",
    "lines": ["12 St James Square"],
    "locality": "London",
    "country": "GB",
    "postal_code": "SW1Y 4JH",
}

PLACED: dict[str, Any] = {
    "id": ID,
    "number": "ORD-2026-000123",
    "status": "placed",
    "stock_status": "none",
    "payment_status": "none",
    "shipment_status": "none",
    "cancellation_pending": False,
    "sandbox": True,
    "lines": [LINE],
    "total": EUROS,
    "placed_at": "2026-01-02T03:04:05.678901Z",
    "payment_method": "pm_card_ok",
    "ship_to": SHIP_TO,
    "available_actions": ["cancel"],
    "links": {
        "self": ADDRESS,
        "events": f"{ADDRESS}/events",
        "stream": f"{ADDRESS}/events/stream",
        "cancellation": f"{ADDRESS}/cancellation",
    },
}
PAID = PLACED | {"status": "paid", "stock_status": "reserved", "payment_status": "captured"}
COMING = {
    "what": "Your parcel is being made ready.",
    "events": ["shipping.OrderShipped", "shipping.ShipmentFailed"],
    "by": "2026-01-02T03:05:07.123456Z",
}
SHIPPED = PAID | {
    "status": "shipped",
    "stock_status": "committed",
    "shipment_status": "shipped",
    "available_actions": [],
}
CANCELLATION = {
    "state": "settled",
    "requested_at": "2026-01-02T03:04:09.000001Z",
    "requested_by": "customer",
    "rejection": None,
    "cancelled_at": "2026-01-02T03:04:09.100001Z",
    "reason": "customer",
    "books": {
        "stock": {"closed_by": "inventory.StockReleased"},
        "payment": {"closed_by": "payments.PaymentRefunded"},
        "shipment": {"closed_by": "shipping.ShipmentStopped"},
    },
    "links": {"self": f"{ADDRESS}/cancellation", "order": ADDRESS},
}
HAPPENED = {
    "position": 4711,
    "name": "payments.PaymentCaptured",
    "order_id": ID,
    "occurred_at": "2026-01-02T03:04:06.123456Z",
    "payload": {"amount": EUROS},
}

exemplify(PlacedOrder, PLACED)
exemplify(OrderInDetail, PAID | {"expected_next": [COMING]})
exemplify(OrderPage, {"data": [SHIPPED], "next": None, "previous": None})
exemplify(CancellationState, CANCELLATION)
exemplify(History, {"data": [HAPPENED]})
