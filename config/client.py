"""A customer's side of the REST API, over real HTTP: `make run` and `make demo` place their orders with it."""

import base64
import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

TIMEOUT = 10.0
SHIP_TO = {
    "recipient": "Ada Lovelace",
    "lines": ["12 St James Square"],
    "locality": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}


class ApiError(Exception):
    """The API did not answer as a customer may expect; the message holds what it said, `status` is 0 if nothing."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def order_body(lines: dict[str, int], payment_method: str = "pm_card_ok", **address: str) -> dict[str, Any]:
    """Returns the body of an order for these quantities by SKU, to an address that may differ in some of its parts."""
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return {"lines": wanted, "payment_method": payment_method, "ship_to": {**SHIP_TO, **address}}


@dataclass(frozen=True)
class Customer:
    """Somebody with a token; `site` is an address such as http://127.0.0.1:8000."""

    site: str
    token: str

    @classmethod
    def log_in(cls, site: str, username: str, password: str) -> "Customer":
        """Fetches a token. Raises: ApiError."""
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        answer = _request(f"{site}/api/v1/tokens", {"Authorization": f"Basic {credentials}"}, {})
        return cls(site, answer["token"])

    def place(self, body: dict[str, Any]) -> dict[str, Any]:
        """Places one new order. Raises: ApiError."""
        order: dict[str, Any] = self._ask("/api/v1/orders", body, {"Idempotency-Key": str(uuid.uuid4())})
        return order

    def cancel(self, order_id: str) -> dict[str, Any]:
        """Asks for the order to be cancelled. Raises: ApiError, with status 409 if it is too late."""
        path = f"/api/v1/orders/{order_id}/cancellation"
        cancellation: dict[str, Any] = self._ask(path, {}, {"Idempotency-Key": str(uuid.uuid4())})
        return cancellation

    def order(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = self._ask(f"/api/v1/orders/{order_id}")
        return order

    def events(self, order_id: str) -> list[dict[str, Any]]:
        """Returns the order's events so far, in the order in which they were recorded."""
        answer = self._ask(f"/api/v1/orders/{order_id}/events")
        events: list[dict[str, Any]] = answer["data"]
        return events

    def _ask(self, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> Any:
        return _request(self.site + path, {"Authorization": f"Bearer {self.token}", **(headers or {})}, body)

    def curl(self, body: dict[str, Any]) -> str:
        """Returns a command of one line that places an order; each time it runs it places another."""
        return (
            f"curl -sS {self.site}/api/v1/orders -H 'Authorization: Bearer {self.token}'"
            ' -H "Content-Type: application/json" -H "Idempotency-Key: $(date +%s)-$RANDOM"'
            f" -d '{json.dumps(body, separators=(',', ':'))}'"
        )


def _request(url: str, headers: dict[str, str], body: dict[str, Any] | None) -> Any:
    if body is not None:
        headers = {**headers, "Content-Type": "application/json"}
    payload = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, payload, headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ApiError(
            f"{url} answered {error.code}: {error.read(500).decode(errors='replace')}", error.code
        ) from error
    except (OSError, ValueError) as error:
        raise ApiError(f"{url}: {error}") from error
