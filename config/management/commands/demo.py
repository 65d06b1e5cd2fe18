"""`manage.py demo`: one order of each kind, against what runs, each history as it unfolds."""

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.client import ApiError, Customer, order_body
from config.terminal import accept_every_letter

DECLINED = "pm_card_declined_insufficient_funds"
ANSWER_LOST = "pm_card_timeout_unknown"
NOWHERE = "00000"  # a postcode to which the sandbox carrier does not deliver


class Kind(NamedTuple):
    """A kind of order; `cancel_when` is the status in which its customer wants it cancelled, if ever."""

    title: str
    body: dict[str, Any]
    cancel_when: str = ""


KINDS = [
    Kind("Everything goes well", order_body({"MUG-BLUE": 2})),
    Kind("Two lines", order_body({"TEA-GREEN": 3, "POT-IRON": 1})),
    Kind("The card is declined", order_body({"POT-IRON": 1}, DECLINED)),
    Kind("Nothing in stock", order_body({"SOLD-OUT": 1})),
    Kind("The last one: shipped to whoever comes first", order_body({"LAST-ONE": 1})),
    Kind("The carrier does not go there: everything is given back", order_body({"MUG-BLUE": 1}, postal_code=NOWHERE)),
    Kind("Cancelled at once", order_body({"MUG-BLUE": 1}), "placed"),
    Kind("Cancelled while the card is being charged", order_body({"MUG-BLUE": 1}, ANSWER_LOST), "reserved"),
    Kind("Cancelled too late", order_body({"MUG-BLUE": 1}), "shipped"),
]
TOO_LATE = 409
LAST_WHEN_SHIPPED = "inventory.StockCommitted"


class Command(BaseCommand):
    help = "Places one order of each kind over HTTP, as demo, and prints each history as it unfolds."

    def add_arguments(self, parser: CommandParser) -> None:
        default = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
        parser.add_argument("--site", default=default, help="where it runs (default: %(default)s)")
        parser.add_argument("--seconds", type=float, default=30, help="patience with each order (default: %(default)s)")

    def handle(self, *args: Any, site: str, seconds: float, **options: Any) -> None:
        accept_every_letter()
        try:
            customer = Customer.log_in(site.rstrip("/"), "demo", "demo")
            for kind in KINDS:
                self._tell(customer, kind, seconds)
        except ApiError as error:
            raise CommandError(f"{error}\nDoes it run? Start it with `make run`, in another terminal.") from error

    def _tell(self, customer: Customer, kind: Kind, seconds: float) -> None:
        placed = customer.place(kind.body)
        lines = ", ".join(f"{line['quantity']} x {line['sku']}" for line in kind.body["lines"])
        self.stdout.write(self.style.MIGRATE_HEADING(f"\n{kind.title}: {placed['number']} ({lines})"))
        if kind.cancel_when:
            self._cancel(customer, placed["id"], kind.cancel_when, seconds)
        for event in history(customer, placed["id"], seconds):
            why = event["payload"].get("reason") or event["payload"].get("code") or ""
            self.stdout.write(f"  {event['occurred_at'][11:23]}  {event['name']}{why and f': {why}'}")
        self.stdout.write(f"  → {customer.order(placed['id'])['status']}")

    def _cancel(self, customer: Customer, order_id: str, when: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while customer.order(order_id)["status"] not in (when, "shipped", "cancelled") and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            customer.cancel(order_id)
        except ApiError as error:
            if error.status != TOO_LATE:
                raise
            self.stdout.write("  its cancellation was refused: it is on its way")


def history(customer: Customer, order_id: str, seconds: float) -> Iterator[dict[str, Any]]:
    """Yields the order's events as they happen, until nothing more is to come.

    Raises: CommandError when that takes longer than `seconds`.
    """
    told: set[int] = set()
    deadline = time.monotonic() + seconds
    while True:
        ended = customer.order(order_id)["status"] == "cancelled"  # asked first: no event comes after it
        for event in customer.events(order_id):
            if event["position"] not in told:
                told.add(event["position"])
                yield event
                ended = ended or event["name"] == LAST_WHEN_SHIPPED
        if ended:
            return
        if time.monotonic() > deadline:
            raise CommandError(f"No end after {seconds:.0f} s. Do the relay and both workers run? See /admin/.")
        time.sleep(0.05)
