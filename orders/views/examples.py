"""Requests as the OpenAPI document shows them."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

PLACING = OpenApiExample(
    "Two blue mugs",
    {
        "lines": [{"sku": "MUG-BLUE", "quantity": 2}],
        "payment_method": "pm_card_ok",
        "ship_to": {
            "recipient": "Ada Lovelace",
            "lines": ["12 St James's Square"],
            "locality": "London",
            "postal_code": "SW1Y 4JH",
            "country": "GB",
        },
    },
    request_only=True,
)
CANCELLING = OpenApiExample(
    "A change of mind", {"reason": "changed_mind", "note": "I have two already."}, request_only=True
)
