"""Cancelling: what was refused at once; what somebody wants cancelled, only when shipping has stopped it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from orders.events import (
    CancelReason,
    OrderCancellationRejected,
    OrderCancellationRequested,
    OrderCancelled,
    RequestedBy,
    WhyCancel,
)
from orders.models import CancellationRequest, Order
from orders.readers import (
    PaymentDeclined,
    PaymentExpired,
    Refusal,
    ShipmentFailed,
    ShipmentStopped,
    ShipmentStopRefused,
    StockReservationFailed,
)
from orders.services.locking import locked
from orders.status import SHIPPED
from outbox import Batch, Ignored, publish

CANCEL = """
UPDATE orders_order AS kept SET cancelled_at = statement_timestamp(), cancel_reason = cancelled.reason
FROM unnest(%s::uuid[], %s::text[]) AS cancelled (id, reason) WHERE kept.id = cancelled.id
"""

REASONS: dict[type[Refusal], CancelReason] = {
    StockReservationFailed: "inventory",
    PaymentDeclined: "declined",
    PaymentExpired: "expired",
    ShipmentFailed: "fulfilment",
}


class NotCancellable(ValueError):
    """The order has left us, or is about to; it can be sent back when it has arrived."""


def request_cancellation(
    *, order_id: UUID, requested_by: RequestedBy, reason: WhyCancel = "other", note: str = ""
) -> Order:
    """Asks for the order to be cancelled and returns it; once it is being or has been cancelled this changes nothing.

    The order is locked meanwhile, so of two who ask at once the second finds what the first has asked for.

    Raises:
        NotCancellable: it has shipped, or a cancellation was rejected already.
        Order.DoesNotExist: there is no such order.
    """
    with transaction.atomic():
        order = locked([order_id]).get()
        request = CancellationRequest.objects.filter(order=order).first()
        if order.cancelled_at or (request and not request.rejected_at):
            return order
        if request or SHIPPED in order.seen:
            raise NotCancellable(NotCancellable.__doc__)
        _request(order, requested_by, reason, note)
    return order


def _request(order: Order, requested_by: RequestedBy, reason: WhyCancel, note: str) -> None:
    request = CancellationRequest.objects.create(order=order, reason=reason, note=note, requested_by=requested_by)
    publish(
        OrderCancellationRequested(
            order_id=order.pk, request_id=request.pk, reason=reason, note=note, requested_by=requested_by
        )
    )


def cancel_refused(refusals: Batch[Refusal]) -> Iterator[OrderCancelled | Ignored]:
    """Cancels the orders that were refused, each at most once."""
    cancelled_at = dict(locked(refusals.order_ids).values_list("pk", "cancelled_at"))
    reasons = {e.order_id: REASONS[type(e)] for e in refusals if cancelled_at.get(e.order_id, "unknown") is None}
    _cancel(reasons)
    for refusal in refusals:
        if refusal.order_id not in cancelled_at:
            yield Ignored(refusal.order_id, "no such order")
        elif cancelled_at[refusal.order_id]:
            yield Ignored(refusal.order_id, "already cancelled")
        else:
            yield OrderCancelled(order_id=refusal.order_id, reason=reasons[refusal.order_id])


Decision = OrderCancelled | OrderCancellationRejected | Ignored


def settle_requests(decisions: Batch[ShipmentStopped | ShipmentStopRefused]) -> Iterator[Decision]:
    """Cancels what shipping has stopped because somebody asked for it, and rejects what it could not stop."""
    orders = {order.pk: order for order in locked(decisions.order_ids).only("cancelled_at")}
    requests = {row.order_id: row for row in CancellationRequest.objects.filter(order_id__in=orders)}
    answers = [_settled(event, orders.get(event.order_id), requests.get(event.order_id)) for event in decisions]
    _cancel({answer.order_id: answer.reason for answer in answers if isinstance(answer, OrderCancelled)})
    rejected = [answer.request_id for answer in answers if isinstance(answer, OrderCancellationRejected)]
    CancellationRequest.objects.filter(pk__in=rejected).update(rejected_at=Now())
    yield from answers


def _settled(
    event: ShipmentStopped | ShipmentStopRefused, order: Order | None, request: CancellationRequest | None
) -> Decision:
    if order is None:
        return Ignored(event.order_id, "no such order")
    if order.cancelled_at:
        return Ignored(event.order_id, "already cancelled")
    if request is None or request.rejected_at:
        return Ignored(event.order_id, "no cancellation is pending")
    if isinstance(event, ShipmentStopRefused):
        return OrderCancellationRejected(order_id=order.pk, request_id=request.pk, reason="already_dispatched")
    by_staff = request.requested_by == CancellationRequest.By.STAFF
    return OrderCancelled(order_id=order.pk, reason="staff" if by_staff else "customer")


def _cancel(reasons: Mapping[UUID, CancelReason]) -> None:
    """Notes that these locked orders are cancelled, and why."""
    if reasons:
        with connection.cursor() as cursor:
            cursor.execute(CANCEL, [list(reasons), list(reasons.values())])
