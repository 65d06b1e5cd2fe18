"""What an endpoint hears: of whose orders, which events, and nothing personal."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from inventory.events import StockReserved
from orders.events import OrderCancelled
from outbox import Money
from outbox.models import Delivery, Subscription
from outbox.models import Event as EventRow
from outbox.subscriptions import ASLEEP, register_subscriptions
from outbox.testing import make_due, published, run_until_quiet
from shipping.events import ShipmentDelivered
from tests.domain.feeding import feed, statements
from tests.domain.test_at_the_same_time import at_once
from tests.webhooks.conftest import happen, placed
from tests.webhooks.receiver import Receiver
from webhooks import readers
from webhooks.events import WebhookDelivered, WebhookStarted
from webhooks.models import KnownOrder, Webhook
from webhooks.reactions import announce
from webhooks.services import add_endpoint, delete_endpoint
from webhooks.services.announcing import ANNOUNCE


def told(receiver: Receiver) -> list[str]:
    return [json.loads(request.body)["type"] for request in receiver.received]


class TestAnEndpoint:
    def test_gets_a_signed_webhook_of_what_happens_to_its_owners_order(self, ada: User, receiver: Receiver) -> None:
        endpoint = add_endpoint(owner=ada, url=receiver.url, event_types=[])
        event = placed(ada)
        happen(event)
        (request,) = receiver.received
        said = request.verified_by(endpoint.secret)
        row = EventRow.objects.get(name="orders.OrderPlaced")
        assert said == {
            "id": str(row.id),
            "type": "orders.OrderPlaced",
            "timestamp": row.occurred_at.isoformat().replace("+00:00", "Z"),
            "order_id": str(event.order_id),
            "data": {
                "number": "ORD-2026-000001",
                "lines": [{"sku": "MUG", "quantity": 2}],
                "total": {"amount": 1999, "currency": "EUR"},
            },
        }
        assert request.path == "/hook?a=1"
        assert request.headers["webhook-id"] == str(row.id)
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert request.headers["content-type"] == "application/json"

    def test_says_what_became_of_it(self, ada: User, receiver: Receiver) -> None:
        endpoint = add_endpoint(owner=ada, url=receiver.url, event_types=[])
        event = placed(ada)
        happen(event)
        webhook = Webhook.objects.get()
        assert published("webhooks.WebhookStarted", "webhooks.WebhookDelivered") == [
            WebhookStarted(order_id=event.order_id, webhook_id=webhook.pk, endpoint_id=endpoint.pk, round=1),
            WebhookDelivered(
                order_id=event.order_id, webhook_id=webhook.pk, endpoint_id=endpoint.pk, status=204, tries=1
            ),
        ]
        assert (webhook.state, webhook.attempts.get().status) == ("delivered", 204)

    def test_hears_nothing_personal(self, ada: User, receiver: Receiver) -> None:
        add_endpoint(owner=ada, url=receiver.url, event_types=[])
        event = placed(ada)
        happen(event)
        signed = ShipmentDelivered(
            order_id=event.order_id,
            shipment_id=uuid4(),
            delivered_at=EventRow.objects.latest("position").occurred_at,
            signed_by="Lovelace",
        )
        happen(signed)
        everything = "".join(request.body for request in receiver.received)
        assert told(receiver) == ["orders.OrderPlaced", "shipping.ShipmentDelivered"]
        assert not [word for word in ("Ada", "Lovelace", "ada@", "St James", "customer", "pm_") if word in everything]

    def test_hears_only_what_it_has_chosen(self, ada: User, receiver: Receiver) -> None:
        add_endpoint(owner=ada, url=receiver.url, event_types=["orders.OrderCancelled"])
        event = placed(ada)
        happen(event)
        happen(OrderCancelled(order_id=event.order_id, reason="staff"))
        assert told(receiver) == ["orders.OrderCancelled"]

    def test_does_not_hear_of_other_peoples_orders(self, ada: User, receiver: Receiver) -> None:
        add_endpoint(owner=User.objects.create_user("eve"), url=receiver.url, event_types=[])
        happen(placed(ada))
        assert receiver.received == []
        assert Delivery.objects.get().outcome == "no endpoint wants to hear of it"

    def test_of_staff_hears_of_all_orders_for_as_long_as_they_are_staff(self, ada: User, receiver: Receiver) -> None:
        staff = User.objects.create_user("mo", password="secret", is_staff=True)
        add_endpoint(owner=staff, url=receiver.url, event_types=[], orders="all")
        happen(placed(ada))
        User.objects.filter(pk=staff.pk).update(is_staff=False)
        happen(placed(ada))
        assert told(receiver) == ["orders.OrderPlaced"]

    def test_of_a_user_who_is_not_active_hears_nothing(self, ada: User, receiver: Receiver) -> None:
        add_endpoint(owner=ada, url=receiver.url, event_types=[])
        User.objects.filter(pk=ada.pk).update(is_active=False)
        happen(placed(ada))
        assert receiver.received == []

    def test_hears_of_each_event_once_however_often_it_is_delivered(self, ada: User, receiver: Receiver) -> None:
        add_endpoint(owner=ada, url=receiver.url, event_types=[])
        happen(placed(ada))
        Delivery.objects.update(state="waiting", dispatch=None)
        run_until_quiet()
        make_due()
        run_until_quiet()
        assert len(receiver.received) == 1


class TestWhatIsHeardBeforeTheOwnerIsKnown:
    def test_is_told_when_the_owner_is(self, ada: User, receiver: Receiver) -> None:
        add_endpoint(owner=ada, url=receiver.url, event_types=[])
        event = placed(ada)
        happen(StockReserved(order_id=event.order_id, reservation_id=uuid4(), lines=()))
        assert receiver.received == []
        assert Delivery.objects.get().outcome == "waits for orders.OrderPlaced"
        happen(event)
        assert sorted(told(receiver)) == ["inventory.StockReserved", "orders.OrderPlaced"]
        assert KnownOrder.objects.get().untold == []
        reserved = EventRow.objects.get(name="inventory.StockReserved")
        started = EventRow.objects.filter(name="webhooks.WebhookStarted")
        assert [row.also_needed for row in started] == [[str(reserved.id)]] * 2

    def test_is_told_at_once_to_whoever_hears_of_all_orders(
        self, ada: User, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        staff = User.objects.create_user("mo", is_staff=True)
        add_endpoint(owner=staff, url=receiver.url, event_types=[], orders="all")
        add_endpoint(owner=ada, url=other_receiver.url, event_types=[])
        event = placed(ada)
        happen(StockReserved(order_id=event.order_id, reservation_id=uuid4(), lines=()))
        assert (told(receiver), told(other_receiver)) == (["inventory.StockReserved"], [])
        happen(event)
        assert sorted(told(receiver)) == sorted(told(other_receiver))
        assert len(told(receiver)) == 2


class TestWhileThereIsNoEndpoint:
    def since(self) -> set[int]:
        return set(Subscription.objects.filter(reaction_id=ANNOUNCE).values_list("since", flat=True))

    def test_nothing_is_delivered_to_webhooks(self, ada: User) -> None:
        assert self.since() == {ASLEEP}
        happen(placed(ada))
        assert not Delivery.objects.exists()

    def test_an_endpoint_hears_from_now_on(self, ada: User, receiver: Receiver) -> None:
        happen(placed(ada))
        add_endpoint(owner=ada, url=receiver.url, event_types=[])
        happen(placed(ada))
        assert len(receiver.received) == 1

    def test_it_falls_asleep_when_the_last_one_is_gone(self, ada: User, receiver: Receiver) -> None:
        endpoint = add_endpoint(owner=ada, url=receiver.url, event_types=[])
        delete_endpoint(endpoint.pk)
        happen(placed(ada))
        assert self.since() == {ASLEEP}
        happen(placed(ada))
        assert Delivery.objects.count() == 1

    @pytest.mark.parametrize("wakes", [True, False])
    def test_a_migration_leaves_it_as_it_is(self, ada: User, receiver: Receiver, wakes: bool) -> None:
        if wakes:
            add_endpoint(owner=ada, url=receiver.url, event_types=[])
        before = self.since()
        register_subscriptions()
        assert self.since() == before


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch(ada: User, receiver: Receiver) -> None:
    add_endpoint(owner=ada, url=receiver.url, event_types=[])
    staff = User.objects.create_user("mo", is_staff=True)
    add_endpoint(owner=staff, url=receiver.url, event_types=[], orders="all")
    few, many = statements(announce, *heard(ada, 2)), statements(announce, *heard(ada, 60))
    assert few == many <= 4


@pytest.mark.django_db(transaction=True)
def test_an_order_and_what_happens_to_it_are_heard_at_the_same_moment_and_both_are_told(ada: User) -> None:
    add_endpoint(owner=ada, url="http://127.0.0.1:9/", event_types=[])
    orders = heard(ada, 20)
    reserved = [
        readers.StockReserved(order_id=order.order_id, event_id=uuid4(), occurred_at=order.occurred_at)
        for order in reversed(orders)
    ]
    answers = at_once(lambda: feed(announce, *orders), lambda: feed(announce, *reserved))
    assert answers.count("Several") + answers.count("Waiting") == 40
    assert Webhook.objects.count() == 40
    assert not KnownOrder.objects.exclude(untold=[]).exists()


def heard(customer: User, count: int) -> list[readers.OrderPlaced]:
    return [
        readers.OrderPlaced(
            order_id=uuid4(),
            event_id=uuid4(),
            occurred_at=timezone.now(),
            number="ORD-2026-000001",
            customer_id=customer.pk,
            lines=(),
            total=Money(amount=1, currency="EUR"),
        )
        for _ in range(count)
    ]
