"""What people do, and the companies outside of themselves: each may do anything at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection

from inventory.services import set_stock
from orders.events import RequestedBy
from orders.models import Product
from orders.services import NotCancellable, place_order, request_cancellation
from outbox import Money
from payments.gateway import Charged, provider
from payments.models import Payment, Refund
from payments.services import NothingToRefund, NotTheAmount, UnknownCharge, refund_part, retry_part, retry_refund
from shipping.gateway import Label, carrier
from shipping.models import Shipment
from shipping.services import NotWithTheCarrier, hear_of_delivery
from tests.domain.journeys import address
from tests.every_order.companies import outside, report

PRICES = {"MUG": 1_999, "POT": 4_900}

UNITS = """
SELECT sku, on_hand + coalesce((
    SELECT sum(quantity) FROM inventory_reservationline line
    JOIN inventory_reservation reservation ON reservation.id = reservation_id
    WHERE state = 'committed' AND line.sku = stock.sku), 0)::bigint
FROM inventory_stock stock
"""


def get_ready() -> None:
    """A customer and a price list."""
    User.objects.create_user("ada", "ada@example.com")
    Product.objects.bulk_create(Product(sku=sku, name=sku, unit_price=price) for sku, price in PRICES.items())


def place(lines: Sequence[tuple[str, int]], method: str, postal_code: str) -> None:
    customer = User.objects.get(username="ada")
    place_order(customer=customer, lines=lines, payment_method=method, ship_to=address(postal_code))


def cancel(order_id: UUID, by: RequestedBy) -> None:
    with suppress(NotCancellable):
        request_cancellation(order_id=order_id, requested_by=by)


def count_stock(levels: Mapping[str, int]) -> dict[str, int]:
    """Sets the stock; returns all units that there are by now, on the shelves or handed out."""
    set_stock(levels=levels)
    return units()


def units() -> dict[str, int]:
    """Returns how many units of each SKU are on the shelves or were handed out."""
    with connection.cursor() as cursor:
        cursor.execute(UNITS)
        return dict(cursor.fetchall())


def report_charge(order_id: UUID) -> None:
    """The provider reports a charge that it has made, however long ago."""
    payment = Payment.objects.filter(order_id=order_id).first()
    if payment is None:
        return
    with outside.of_themselves():
        charge = provider().look_up(payment.idempotency_key)
    if isinstance(charge, Charged):
        with suppress(UnknownCharge):
            report(payment.idempotency_key, charge)


def pay_late(order_id: UUID) -> None:
    """The provider takes the money for a payment that is closed, and says so."""
    payment = Payment.objects.filter(order_id=order_id, state__in=["expired", "voided"]).first()
    if payment and payment.due and payment.stock_reserved:
        with outside.of_themselves():
            provider().capture(payment.idempotency_key, payment.due, "pm_card_ok")
        report_charge(order_id)


def give_back(order_id: UUID, amount: int | None) -> None:
    """Staff give a part of the money back, or all that is left, while the order goes on."""
    payment = Payment.objects.filter(order_id=order_id).first()
    part = Money(amount=amount, currency="EUR") if amount else None
    if payment:
        with suppress(NothingToRefund, NotTheAmount):
            refund_part(payment_id=payment.pk, amount=part, reason="goodwill")


def retry_refunds() -> bool:
    """Staff try again what could not be given back; returns whether there was something."""
    owed = list(Payment.objects.filter(state="refund_failed").values_list("pk", flat=True))
    for payment_id in owed:
        retry_refund(payment_id=payment_id)
    parts = Refund.objects.filter(state="refund_failed", payment__state="captured", payment__cancelled=False)
    for refund_id in list(parts.values_list("pk", flat=True)):
        with suppress(NotTheAmount, NothingToRefund):  # so much is not left any more
            retry_part(refund_id=refund_id)
            owed.append(refund_id)
    return bool(owed)


def report_delivery(order_id: UUID, event_id: str) -> None:
    """The carrier says that it has handed the parcel over, if it has one."""
    shipment = Shipment.objects.filter(order_id=order_id).first()
    if shipment is None:
        return
    with outside.of_themselves():
        label = carrier().look_up(str(shipment.pk))
    if isinstance(label, Label):
        with suppress(NotWithTheCarrier):
            hear_of_delivery(
                carrier="sandbox", event_id=f"{order_id}:{event_id}", shipment_id=shipment.pk,
                delivered_at=datetime.now(UTC), signed_by="Ada",
            )  # fmt: skip
