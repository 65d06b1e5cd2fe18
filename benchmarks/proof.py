"""Was the work really done? A run that fails here counts for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Model, Sum
from django.db.models.functions import Now

from benchmarks.wares import IN_STOCK, ordered
from config.invariants import examine_all
from inventory.models import Reservation, Stock
from notifications.models import Mail
from orders.models import Order, Status
from outbox.models import Delivery, Event, PendingEvent
from payments.models import Payment
from shipping.models import Shipment

LEDGER = "SELECT count(*), sum(amount)::bigint FROM sandbox_provider.charge WHERE declined = ''"
OPEN = ("waiting", "dispatched", "parked")
TIMER = timedelta(minutes=5)  # what is due later than this is a timer, such as the end of the time to pay
MAILS = 3  # for each order: received, paid, and on its way


@transaction.atomic  # one commit, for they are counted
def finished(orders: int) -> bool:
    """Whether all orders are shipped, all mails sent, the stock is committed, and nothing is left to do."""
    return (
        Order.objects.filter(status=Status.SHIPPED).count() == orders
        and Mail.objects.filter(state=Mail.State.SENT).count() == MAILS * orders
        and Reservation.objects.filter(state=Reservation.State.COMMITTED).count() == orders
        and not PendingEvent.objects.exists()
        and not Delivery.objects.filter(state__in=OPEN).exclude(state="waiting", due_at__gt=Now() + TIMER).exists()
    )


def ended() -> float:
    """Returns when the last of the work was done, in seconds since 1970."""
    stamps = [
        _latest(Order, "status_since"),
        _latest(Mail, "sent_at"),
        _latest(Reservation, "state_since"),
        _latest(Delivery, "done_at"),
    ]
    return max(stamp.timestamp() for stamp in stamps if stamp)


def faults(orders: int) -> Iterator[str]:
    """Yields what does not add up after this many orders."""
    found: dict[str, tuple[Any, Any]] = {
        "orders shipped": (Order.objects.filter(status=Status.SHIPPED).count(), orders),
        "shipments": (Shipment.objects.filter(state=Shipment.State.SHIPPED).count(), orders),
        "stock": (_stock(), _expected_stock(orders)),
        "payments": (_payments(), (orders, Order.objects.aggregate(sum=Sum("total"))["sum"])),
        "the provider's ledger": (_ledger(), _payments()),
        "mails noted": (Mail.objects.filter(state=Mail.State.SENT).count(), MAILS * orders),
        "mails sent": (_mails_sent(), MAILS * orders),
    }
    for what, (is_, should) in found.items():
        if is_ != should:
            yield f"{what}: {str(is_)[:200]} instead of {str(should)[:200]}"
    if Event.objects.exists():  # the chain has none: of it only the above can be asked
        yield from _violations()


def _violations() -> Iterator[str]:
    """Yields what `manage.py verify --settled` complains of."""
    for invariant, finding in examine_all():
        if finding and finding.count:
            yield f"{invariant.code} {invariant.promise}: {finding.count} violations, such as {finding.ids[0]}"


def _latest(model: type[Model], field: str) -> datetime | None:
    stamp: datetime | None = model._default_manager.aggregate(latest=Max(field))["latest"]
    return stamp


def _stock() -> dict[str, tuple[int, int]]:
    return {stock.sku: (stock.on_hand, stock.reserved) for stock in Stock.objects.all()}


def _expected_stock(orders: int) -> dict[str, tuple[int, int]]:
    units = ordered(orders)
    return {sku: (IN_STOCK - units[sku], 0) for sku in _stock()}


def _payments() -> tuple[int, int]:
    captured = Payment.objects.filter(state=Payment.State.CAPTURED)
    return captured.count(), captured.aggregate(sum=Sum("amount"))["sum"]


def _ledger() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(LEDGER)
        count, amount = cursor.fetchone()
        return count, amount


def _mails_sent() -> int:
    files = Path(settings.EMAIL_FILE_PATH).glob("*.log")
    return sum(file.read_text().count("Message-ID: <") for file in files)
