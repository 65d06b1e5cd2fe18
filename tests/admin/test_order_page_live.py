"""The part of an order's page that changes: told alone, only if it has changed, and as it was after each event."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import Order
from outbox.admin import version, version_of
from outbox.heartbeats import beat
from outbox.models import Delivery, Dispatch, Event, Heartbeat, Reaction, Subscription
from tests.admin.pages import look_at, read, words
from tests.admin.rows import a_delivery, a_failed_attempt, an_event, an_order, mark_pending

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_else_listens(db: None) -> None:
    Subscription.objects.all().delete()


@pytest.fixture
def order() -> Order:
    return an_order()


@pytest.fixture
def placed(order: Order) -> Event:
    return an_event(order_id=order.id)


def live(client: Client, order_id: UUID, etag: str = "") -> tuple[int, str, str]:
    """The status, the text and the entity tag of the answer to a page that has the version `etag`."""
    response = client.get(f"/admin/orders/order/{order_id}/live/", headers={"If-None-Match": etag} if etag else {})
    return response.status_code, response.content.decode(), response.headers.get("ETag", "")


class TestAPageThatAsks:
    def test_gets_what_has_changed_and_else_nothing(self, admin_client: Client, order: Order, placed: Event) -> None:
        status, told, etag = live(admin_client, order.pk)
        assert status == 200
        assert "orders.OrderPlaced" in words(told)
        assert live(admin_client, order.pk, etag) == (304, "", etag)
        an_event("inventory.StockReserved", order_id=order.id)
        status, told, newer = live(admin_client, order.pk, etag)
        assert (status, newer != etag) == (200, True)
        assert "inventory.StockReserved" in told

    def test_is_the_page_that_it_belongs_to(self, admin_client: Client, order: Order, placed: Event) -> None:
        page = look_at(admin_client, "orders_order_change", order.pk)
        _, told, etag = live(admin_client, order.pk)
        assert f'data-url="/admin/orders/order/{order.pk}/live/" data-etag="{etag.replace(chr(34), "&quot;")}"' in page
        assert words(told)[: words(told).index("Asked at")] in words(page)

    def test_takes_one_statement_when_nothing_has_changed(self, admin_client: Client, placed: Event) -> None:
        _, _, etag = live(admin_client, placed.order_id)
        with CaptureQueriesContext(connection) as queries:
            assert live(admin_client, placed.order_id, etag)[0] == 304
        of_the_user = [one for one in queries if "django_session" in one["sql"] or "auth_user" in one["sql"]]
        assert len(queries) - len(of_the_user) == 1

    def test_is_for_those_who_may_see_events(self, client: Client, placed: Event) -> None:
        user = Order.objects.get(pk=placed.order_id).customer
        user.is_staff = True
        user.save()
        user.user_permissions.add(Permission.objects.get(codename="view_order"))
        client.force_login(user)
        for name in ("live", "case", "diagram"):
            assert client.get(f"/admin/orders/order/{placed.order_id}/{name}/").status_code == 403

    @pytest.mark.parametrize("name", ["live", "case", "diagram", "refold"])
    def test_about_an_order_that_does_not_exist_gets_404(self, admin_client: Client, name: str) -> None:
        assert admin_client.get(f"/admin/orders/order/{uuid4()}/{name}/").status_code == 404


class TestTheVersionChanges:
    def test_with_whatever_becomes_of_a_delivery(self, placed: Event) -> None:
        delivery = a_delivery(placed, state="dispatched", done_at=None)
        versions = [version_of(placed.order_id)]
        of_it = Delivery.objects.filter(pk=delivery.pk)
        for change in (
            lambda: of_it.update(attempts=1),
            lambda: of_it.update(due_at=timezone.now() + timedelta(hours=1)),
            lambda: of_it.update(state="waiting"),
            lambda: of_it.update(outcome="not ready"),
            lambda: of_it.update(drift="2 answers"),
            lambda: Dispatch.objects.update(closed_at=timezone.now()),
            lambda: Reaction.objects.update(paused=True),
            lambda: mark_pending(placed),
        ):
            change()
            versions.append(version_of(placed.order_id))
        assert len(set(versions)) == len(versions)

    def test_when_relays_and_workers_fall_silent(self, placed: Event) -> None:
        versions = [version_of(placed.order_id)]
        beat("relay@here:1", "relay")
        versions.append(version_of(placed.order_id))
        beat("worker@here:2", "worker", ["payments"])
        versions.append(version_of(placed.order_id))
        beat("relay@here:1", "relay", note="the broker is away")
        versions.append(version_of(placed.order_id))
        assert len(set(versions)) == 4
        Heartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
        assert version_of(placed.order_id) == versions[0]

    def test_while_something_gets_older_and_not_when_all_is_done(
        self, placed: Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        delivery = a_delivery(placed, state="waiting", dispatch=None)
        open_now = version_of(placed.order_id)
        Delivery.objects.filter(pk=delivery.pk).update(state="done")
        done_now = version_of(placed.order_id)
        years_later = version.VERSION.replace("clock_timestamp()", "(clock_timestamp() + interval '3 years')")
        monkeypatch.setattr(version, "VERSION", years_later)
        assert version_of(placed.order_id) == done_now
        Delivery.objects.filter(pk=delivery.pk).update(state="waiting")
        assert version_of(placed.order_id) != open_now

    def test_from_one_user_to_the_next(self, placed: Event) -> None:
        assert version_of(placed.order_id, 1) != version_of(placed.order_id, 2)


class TestAsOfAnEvent:
    @pytest.fixture
    def cancelled(self, order: Order, placed: Event) -> list[Event]:
        """Placed; reserved 2 s later, in answer to it; cancelled after 5 s."""
        delivery = a_delivery(
            placed, outcome="inventory.StockReserved", done_at=placed.occurred_at + timedelta(seconds=3)
        )
        a_failed_attempt(delivery, 1)
        later = [timedelta(seconds=2), timedelta(seconds=5)]
        reserved = an_event("inventory.StockReserved", order_id=order.id, because_of=placed, after=later[0])
        return [placed, reserved, an_event("orders.OrderCancelled", order_id=order.id, after=later[1])]

    def at(self, client: Client, event: Event) -> str:
        return read(client, "orders_order_change", event.order_id, as_of=event.position)

    def test_later_events_have_not_happened(self, admin_client: Client, cancelled: list[Event]) -> None:
        placed, reserved, _ = cancelled
        page = self.at(admin_client, reserved)
        assert f"As it was after the event #{reserved.position} , inventory.StockReserved" in page
        assert "◔ reserved" in page
        assert "OrderCancelled" not in page
        assert "One event earlier · One event later · As it is now" in page
        assert "inventory.StockReserved" not in self.at(admin_client, placed)

    def test_what_had_not_ended_is_open(self, admin_client: Client, cancelled: list[Event]) -> None:
        placed, reserved, _ = cancelled
        assert "inventory.reserve_stock ○ waiting" in self.at(admin_client, placed)
        assert "It had not answered by then; why is not kept." in self.at(admin_client, placed)
        assert "inventory.reserve_stock ✓ done" in self.at(admin_client, reserved)  # it has said so by that event

    def test_books_are_as_they_were(self, admin_client: Client, cancelled: list[Event]) -> None:
        assert "Books" not in self.at(admin_client, cancelled[1])
        assert "inventory ○ open" in self.at(admin_client, cancelled[2])

    def test_the_page_does_not_update_itself(self, admin_client: Client, cancelled: list[Event]) -> None:
        placed = cancelled[0]
        assert "data-url" not in look_at(admin_client, "orders_order_change", placed.order_id, as_of=placed.position)

    @pytest.mark.parametrize("wanted", ["0", "-1", "x", "٣", "9" * 40, "<script>"])
    def test_of_no_event_of_this_order_it_says_so(self, admin_client: Client, placed: Event, wanted: str) -> None:
        page = read(admin_client, "orders_order_change", placed.order_id, as_of=wanted)
        assert f"There is no event #{wanted} of this order; this is how it is now." in page
