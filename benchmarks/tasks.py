"""The other side: a plain Celery chain, written the way most people would write it.

Three tasks, one order each; the ORM, `atomic()`, `select_for_update()`, and the chain sent from `on_commit`. What it
does not have is what the outbox is for: an order whose chain is lost between the commit and the broker stays as it is
for ever, a task that runs twice mails twice, and no table tells what happened.
"""

from __future__ import annotations

from typing import Any

import msgspec
from celery import chain
from django.contrib.auth.models import User
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from benchmarks.chain import app
from benchmarks.wares import METHOD, SHIP_TO, Lines
from inventory.models import Reservation, ReservationLine, Stock
from notifications import gateway as mail_server
from notifications.events import Template
from notifications.models import Mail
from orders.models import Order, OrderLine, Product, Status
from outbox import Money
from payments.gateway import Declined, provider
from payments.models import Payment
from shipping.gateway import Label, LabelIntent, carrier
from shipping.models import Shipment
from shipping.readers import Address, LineToShip


class NotFulfilled(RuntimeError):
    """The order cannot go on; the benchmark orders nothing that is short or declined."""


def place(customer: User, number: int, lines: Lines) -> None:
    """Places an order, and sends its chain once that has committed."""
    with transaction.atomic():
        products = Product.objects.in_bulk([sku for sku, _ in lines])
        order = Order.objects.create(
            number=f"ORD-{number:06d}",
            customer=customer,
            customer_email=customer.email,
            currency="EUR",
            total=sum(products[sku].unit_price * quantity for sku, quantity in lines),
            payment_method=METHOD,
            ship_to=SHIP_TO,
            placed_at=timezone.now(),
            status_since=timezone.now(),
        )
        OrderLine.objects.bulk_create(_line(order, products[sku], quantity) for sku, quantity in lines)
        steps = chain(*(step.si(str(order.pk)) for step in (reserve, charge, ship)))
        transaction.on_commit(steps.delay)


def _line(order: Order, product: Product, quantity: int) -> OrderLine:
    return OrderLine(order=order, sku=product.sku, name=product.name, quantity=quantity, unit_price=product.unit_price)


@app.task
def reserve(order_id: str) -> None:
    """Holds the stock of the order, and writes that it was received."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        reservation = Reservation.objects.create(order_id=order.pk, state=Reservation.State.HELD)
        lines = list(order.lines.order_by("sku"))
        stock = _locked_stock(lines)
        for line in lines:
            if stock[line.sku].available < line.quantity:
                raise NotFulfilled(f"{line.sku} is short")
            stock[line.sku].reserved += line.quantity
            stock[line.sku].save(update_fields=["reserved"])
        ReservationLine.objects.bulk_create(
            ReservationLine(reservation=reservation, sku=line.sku, quantity=line.quantity) for line in lines
        )
        _become(order, Status.RESERVED)
    _send_mail(order, lines, "placed", {})


@app.task
def charge(order_id: str) -> None:
    """Takes the money, and writes that it was received."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        payment = Payment(order_id=order.pk, amount=order.total, currency=order.currency, method=order.payment_method)
        amount = Money(amount=order.total, currency=order.currency)
        answer = provider().capture(payment.idempotency_key, amount, order.payment_method)
        if isinstance(answer, Declined):
            raise NotFulfilled(answer.code)
        payment.stock_reserved, payment.state = True, Payment.State.CAPTURED
        payment.provider, payment.provider_ref = provider().name, answer.reference
        payment.save(force_insert=True)
        _become(order, Status.PAID)
    _send_mail(order, [], "paid", {"amount": amount})


@app.task
def ship(order_id: str) -> None:
    """Hands the parcel over, takes what was held off the stock, and writes that it is on its way."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        lines = list(order.lines.order_by("sku"))
        shipment = _shipment(order, lines)
        reservation = Reservation.objects.select_for_update().get(order_id=order.pk)
        stock = _locked_stock(lines)
        for line in lines:
            stock[line.sku].on_hand -= line.quantity
            stock[line.sku].reserved -= line.quantity
            stock[line.sku].save(update_fields=["on_hand", "reserved"])
        reservation.state, reservation.state_since = Reservation.State.COMMITTED, timezone.now()
        reservation.save(update_fields=["state", "state_since"])
        _become(order, Status.SHIPPED)
    parcel = {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number}
    _send_mail(order, lines, "shipped", parcel)


def _shipment(order: Order, lines: list[OrderLine]) -> Shipment:
    shipment = Shipment(
        order_id=order.pk,
        lines=[{"sku": line.sku, "quantity": line.quantity} for line in lines],
        ship_to=order.ship_to,
        paid=True,
        state=Shipment.State.SHIPPED,
        carrier=carrier().name,
        shipped_at=timezone.now(),
    )
    shipment.tracking_number = _bought_label(shipment).tracking_number
    shipment.save(force_insert=True)
    return shipment


def _bought_label(shipment: Shipment) -> Label:
    parcel = LabelIntent(
        order_id=shipment.order_id,
        key=str(shipment.pk),
        ship_to=msgspec.convert(shipment.ship_to, Address),
        lines=msgspec.convert(shipment.lines, tuple[LineToShip, ...]),
    )
    answer = carrier().buy_label(parcel)
    if not isinstance(answer, Label):
        raise NotFulfilled(answer.reason)
    return answer


def _locked_stock(lines: list[OrderLine]) -> dict[str, Stock]:
    rows = Stock.objects.select_for_update().filter(sku__in=[line.sku for line in lines]).order_by("sku")
    return {row.sku: row for row in rows}


def _become(order: Order, status: Status) -> None:
    order.status, order.status_since = status, timezone.now()
    order.save(update_fields=["status", "status_since"])


def _send_mail(order: Order, lines: list[OrderLine], template: Template, event: dict[str, Any]) -> None:
    to = {"name": order.ship_to["recipient"], "number": order.number, "lines": lines}
    written = render_to_string(f"notifications/{template}.txt", {"to": to, "event": event})
    subject, _, text = written.partition("\n\n")
    mail_server.send(
        mail_server.MailIntent(
            order_id=order.pk, template=template, to=order.customer_email, subject=subject, text=text
        )
    )
    Mail.objects.create(order_id=order.pk, template=template, state=Mail.State.SENT, sent_at=timezone.now())
