"""Each page takes a constant number of SQL statements, however much there is to tell."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import Order
from outbox.models import Delivery, Event, FailureGroup, Note, Operation, OperationItem, Reference
from payments.models import Payment
from tests.admin.pages import look_at
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order

pytestmark = pytest.mark.django_db


def a_story(events: int) -> UUID:
    """An order with that many events, each caused by the one before and delivered twice, once in vain."""
    order_id = an_order().id
    last = an_event(order_id=order_id)
    reserve, capture = (a_reaction(id, last.name) for id in ("inventory.reserve_stock", "payments.capture"))
    for n in range(events - 1):
        a_delivery(last, reserve)
        a_failed_attempt(a_delivery(last, capture, state="parked", attempts=1))
        last = an_event(order_id=order_id, because_of=last, also_needed=[last], after=timedelta(seconds=n))
    return order_id


def operate_on(order_id: UUID, times: int) -> FailureGroup:
    """Makes so many operations about everything that is parked of the order, of a failure group each, with a note."""
    deliveries = list(Delivery.objects.filter(order_id=order_id, state="parked"))
    for n in range(times):
        group = FailureGroup.objects.create(fingerprint=f"{order_id}{n}", reaction_id="payments.capture", exception="E")
        group.hours.create(hour=timezone.now(), failures=n + 1)
        operation = Operation.objects.create(kind="redeliver", actor="staff:sue", group=group, counts={"planned": 1})
        OperationItem.objects.bulk_create(
            OperationItem(operation=operation, delivery=delivery, order_id=order_id) for delivery in deliveries
        )
        Note.objects.create(order_id=order_id, actor="staff:sue", text="x")
        Note.objects.create(group=group, actor="staff:sue", text="x")
    Delivery.objects.filter(order_id=order_id, state="parked").update(failure_group=group)
    return group


def statements(client: Client, view: str, *args: object) -> int:
    look_at(client, view, *args)  # what is cached for the process (content types) is not the page's
    with CaptureQueriesContext(connection) as queries:
        look_at(client, view, *args)
    return len(queries)


def test_the_order_page(admin_client: Client) -> None:
    short, long = a_story(3), a_story(60)
    operate_on(short, 1)
    operate_on(long, 20)
    assert statements(admin_client, "orders_order_change", short) == statements(
        admin_client, "orders_order_change", long
    )
    # session, user; order with customer, lines; the version of what is shown;
    # events, causes, effects, deliveries with dispatches, attempts;
    # reactions, subscriptions, heartbeats, open dispatches, what is usual;
    # notes, operations, what became of this order in them, and what could be delivered again
    assert statements(admin_client, "orders_order_change", long) <= 18


@pytest.mark.parametrize(
    "view",
    [
        "orders_order",
        "outbox_event",
        "outbox_delivery",
        "outbox_dispatch",
        "outbox_failuregroup",
        "outbox_operation",
        "outbox_reaction",
    ],
)
def test_the_lists(admin_client: Client, view: str) -> None:
    operate_on(a_story(3), 2)
    few = statements(admin_client, f"{view}_changelist")
    operate_on(a_story(60), 20)
    assert statements(admin_client, f"{view}_changelist") == few


@pytest.mark.parametrize(
    "query", [{"q": "MUG-BLUE"}, {"attention": "overdue"}, {"payment": "captured"}, {"stuck": "1m"}]
)
def test_the_list_of_orders_however_it_is_narrowed_down(admin_client: Client, query: dict[str, str]) -> None:
    taken = set()
    for stories in (1, 20):
        for _ in range(stories):
            order_id = a_story(3)
            Reference.objects.create(value="mug-blue", order_id=order_id, kind="sku")
            captured = an_event("payments.PaymentCaptured", order_id=order_id)
            a_delivery(captured, "shipping.buy_label", state="waiting", dispatch=None)
            Order.objects.filter(pk=order_id).update(seen=[captured.name])
        look_at(admin_client, "orders_order_changelist", **query)
        with CaptureQueriesContext(connection) as queries:
            page = look_at(admin_client, "orders_order_changelist", **query)
        assert str(order_id) in page
        taken.add(len(queries))
    assert len(taken) == 1


def test_the_lists_of_money(admin_client: Client) -> None:
    taken = set()
    for orders in (1, 30):
        for _ in range(orders):
            payment = Payment.objects.create(order_id=an_order().id, amount=900, currency="EUR", state="captured")
            payment.refunds.create(order_id=payment.order_id, amount=500, reason="other", state="refund_failed")
        lists = ("payments_payment_changelist", "payments_refund_changelist")
        taken.add(tuple(statements(admin_client, view) for view in lists))
        assert look_at(admin_client, lists[1]).count("5.00 EUR") == Payment.objects.count()
    assert len(taken) == 1


def test_the_page_of_an_event(admin_client: Client) -> None:
    order_id = a_story(3)
    event = Event.objects.filter(order_id=order_id)[1]
    few = statements(admin_client, "outbox_event_change", event.position)
    for n in range(60):
        a_failed_attempt(a_delivery(event, f"elsewhere.reaction_{n}", state="parked", attempts=1))
        an_event(order_id=order_id, because_of=event)
    assert statements(admin_client, "outbox_event_change", event.position) == few


def test_the_page_of_a_delivery(admin_client: Client) -> None:
    a_story(3)
    delivery = Delivery.objects.filter(state="parked").first()
    assert delivery is not None
    few = statements(admin_client, "outbox_delivery_change", delivery.pk)
    for n in range(2, 60):
        a_failed_attempt(delivery, n)
    assert statements(admin_client, "outbox_delivery_change", delivery.pk) == few


def test_the_page_of_a_failure_group(admin_client: Client) -> None:
    few, many = operate_on(a_story(3), 1), operate_on(a_story(60), 1)
    for n in range(20):
        Operation.objects.create(kind="redeliver", group=many)
        many.notes.create(actor="staff:sue", text=str(n))
    view = "outbox_failuregroup_change"
    assert statements(admin_client, view, many.pk) == statements(admin_client, view, few.pk)


def test_the_page_of_an_operation(admin_client: Client) -> None:
    few, many = operate_on(a_story(3), 1), operate_on(a_story(60), 1)
    pages = [Operation.objects.get(group=group).pk for group in (few, many)]
    assert len({statements(admin_client, "outbox_operation_change", pk) for pk in pages}) == 1


def test_the_page_that_asks(admin_client: Client) -> None:
    few, many = operate_on(a_story(3), 1), operate_on(a_story(60), 1)
    taken = set()
    for group in (few, many):
        with CaptureQueriesContext(connection) as queries:
            look_at(admin_client, "outbox_delivery_operate", "redeliver", group=group.pk)
        taken.add(len(queries))
    assert len(taken) == 1
