"""The audit: everything that people did is in one list, once; it can be asked for, and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.audit import page as module
from inventory.models import Adjustment, Stock
from inventory.services import adjust_stock
from orders.models import Order, Product
from outbox.models import FailureGroup, Note, Operation
from tests.admin.pages import words
from tests.admin.rows import a_reaction, an_event, an_order
from tests.admin.staff import a_parked_one, answer
from tests.audit.looking import a_change, an_operation, audit, html

pytestmark = pytest.mark.django_db


class TestWhatIsTold:
    def test_a_delivery_that_was_delivered_again_once(self, admin_client: Client) -> None:
        delivery = a_parked_one()
        answer(admin_client, "redeliver", delivery, reason="it is mended")
        told = audit(admin_client)
        assert f"redeliver delivery {delivery.pk} redeliver staff:admin" in told
        assert told.count("it is mended") == 1
        assert f'href="{reverse("admin:outbox_operation_change", args=[Operation.objects.get().pk])}"' in html(
            admin_client
        )

    def test_a_reaction_that_was_paused(self, admin_client: Client) -> None:
        page = reverse("admin:outbox_reaction_pause", args=[a_reaction().pk])
        admin_client.post(page, {"answered": "1", "reason": "the warehouse moves"})
        assert audit(admin_client).count("the warehouse moves") == 1

    def test_a_note_on_an_order_and_on_a_failure_group(self, admin_client: Client) -> None:
        order = an_order()
        page = reverse("admin:outbox_note_on_order", args=[order.pk])
        admin_client.post(page, {"answered": "1", "text": "called her"})
        group = FailureGroup.objects.create(fingerprint="f", reaction=a_reaction(), exception="E")
        Note.objects.create(group=group, actor="staff:sue", text="a bug of ours")
        told = audit(admin_client)
        assert told.count("called her") == 1
        assert "wrote a note on a failure group note staff:sue" in told
        assert f'href="{reverse("admin:orders_order_change", args=[order.pk])}"' in html(admin_client)

    def test_a_cancellation_that_staff_asked_for(self, admin_client: Client) -> None:
        an_event(order_id=an_order().pk)
        order = Order.objects.get()
        page = reverse("admin:orders_order_cancel", args=[order.pk])
        admin_client.post(page, {"reason": "other", "note": "she rang"})
        told = audit(admin_client)
        assert f"request the cancellation act staff:admin {Operation.objects.get().requested_at:%Y-%m-%d}" in told
        assert told.count("other: she rang") == 1

    def test_an_order_that_was_folded_anew(self, admin_client: Client) -> None:
        order = an_order()
        an_event(order_id=order.pk)
        Order.objects.update(status="shipped")
        admin_client.post(reverse("admin:orders_order_refold", args=[order.pk]))
        assert Order.objects.get().status != "shipped"
        assert audit(admin_client).count("fold it anew") == 1

    def test_an_order_that_needed_no_folding_is_not(self, admin_client: Client) -> None:
        order = an_order(status="placed", seen=[])
        admin_client.post(reverse("admin:orders_order_refold", args=[order.pk]))
        assert "fold it anew" not in audit(admin_client)

    def test_a_correction_of_the_stock(self, admin_client: Client) -> None:
        Stock.objects.create(sku="MUG", on_hand=1_500)
        adjust_stock(
            sku="MUG",
            delta=-200,
            expected_on_hand=1_500,
            reason=Adjustment.Reason.DAMAGED,
            note="it rained",
            actor="user:ada",
        )
        assert "adjusted MUG by -200 to 1,300 stock user:ada" in audit(admin_client)
        assert "damaged: it rained" in audit(admin_client)

    def test_what_was_changed_on_djangos_own_pages(self, admin_client: Client) -> None:
        product = Product.objects.create(sku="MUG", name="Mug", unit_price=1)
        a_change(product, ADDITION, "Added it.")
        a_change(product, DELETION, "")
        a_change(User.objects.get(username="mo"), CHANGE, '[{"changed": {"fields": ["Staff status"]}}]')
        told = audit(admin_client)
        assert "added product MUG change staff:mo" in told
        assert "deleted product MUG" in told
        assert "Changed Staff status." in told
        assert html(admin_client).count(reverse("admin:orders_product_change", args=["MUG"])) == 1

    def test_the_newest_comes_first(self, admin_client: Client) -> None:
        now = timezone.now()
        an_operation(about="the middle", requested_at=now - timedelta(hours=2))
        Note.objects.create(order_id=an_order().pk, actor="staff:sue", text="first", written_at=now - timedelta(days=1))
        a_change(User.objects.create(username="last"))
        told = audit(admin_client)
        assert told.index("changed user last") < told.index("the middle") < told.index("first")

    def test_markup_in_what_people_wrote_stays_text(self, admin_client: Client) -> None:
        an_operation(actor="staff:<b>", about="<i>it</i>", reason="<script>alert(1)</script>")
        assert "<script" not in html(admin_client)
        assert "<script>alert(1)</script>" in audit(admin_client)


class TestWhatIsAskedFor:
    @pytest.fixture(autouse=True)
    def rows(self) -> None:
        now = timezone.now()
        an_operation(about="sue now", requested_at=now)
        an_operation(about="sue then", requested_at=now - timedelta(days=10))
        an_operation(about="by a command", actor="command:sue", kind="pause", requested_at=now)
        an_operation(about="by bob", actor="staff:bob", requested_at=now)
        a_change(User.objects.create(username="ada"))

    def test_a_person_by_name_or_with_the_role(self, admin_client: Client) -> None:
        by_name, by_role = audit(admin_client, who="sue"), audit(admin_client, who="staff:sue")
        assert ("sue then" in by_name, "by a command" in by_name, "by bob" in by_name) == (True, True, False)
        assert ("sue then" in by_role, "by a command" in by_role) == (True, False)
        assert "changed user ada" in audit(admin_client, who="mo")
        assert "changed user ada" in audit(admin_client, who="staff:mo")
        assert "changed user ada" not in by_name

    def test_a_kind(self, admin_client: Client) -> None:
        assert "sue now" not in audit(admin_client, kind="pause")
        assert "by a command" in audit(admin_client, kind="pause")
        assert "changed user ada" in audit(admin_client, kind="change")
        assert "by a command" not in audit(admin_client, kind="change")

    def test_days_the_last_in_full(self, admin_client: Client) -> None:
        today, then = timezone.now().date(), (timezone.now() - timedelta(days=10)).date()
        assert "sue then" not in audit(admin_client, since=today - timedelta(days=3))
        assert "sue now" in audit(admin_client, since=today, until=today)
        told = audit(admin_client, until=then)
        assert ("sue then" in told, "sue now" in told, "user ada" in told) == (True, False, False)

    @pytest.mark.parametrize(
        "asked", [{"kind": "x"}, {"since": "yesterday"}, {"who": "a\x00b"}, {"who": "x" * 201}, {"until": "\x00"}]
    )
    def test_what_makes_no_sense_is_said_and_nothing_shown(self, admin_client: Client, asked: dict[str, str]) -> None:
        page = html(admin_client, **asked)
        assert 'class="errorlist"' in page
        assert "<table" not in page

    @pytest.mark.parametrize("asked", [{"until": "9999-12-31"}, {"since": "0001-01-01"}, {"p": "x"}, {"p": "-1"}])
    def test_the_ends_of_what_can_be_asked_for(self, admin_client: Client, asked: dict[str, str]) -> None:
        assert "sue now" in audit(admin_client, **asked)

    def test_nobody(self, admin_client: Client) -> None:
        assert "Nobody has done anything of that." in audit(admin_client, who="nobody")


class TestPages:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "A_PAGE", 2)
        monkeypatch.setattr(module, "MOST_PAGES", 2)

    def test_it_is_told_page_by_page_and_asked_for_the_same(self, admin_client: Client) -> None:
        for n in range(3):
            an_operation(about=f"number {n}")
        first = html(admin_client, who="sue")
        assert 'href="?who=sue&amp;p=2" rel="next"' in first
        assert ("number 2" in first, "number 0" in first) == (True, False)
        second = html(admin_client, who="sue", p=2)
        assert ("number 2" in second, "number 0" in second) == (False, True)
        assert 'rel="next"' not in second

    def test_after_the_last_it_says_what_to_do(self, admin_client: Client) -> None:
        for n in range(6):
            an_operation(about=f"number {n}")
        last = html(admin_client, p=9)
        assert "Shown are the first 4 only: say until when to see older ones." in words(last)
        assert 'rel="next"' not in last
        assert "number 2" in last


class TestForWhom:
    @pytest.mark.parametrize(("group", "status"), [("Auditor", 200), ("Operator", 403), ("Support", 403)])
    def test_it_is_for_auditors(self, client: Client, group: str, status: int) -> None:
        user = User.objects.create_user("sue", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        assert client.get(reverse("audit")).status_code == status
        linked = f'href="{reverse("audit")}"' in client.get(reverse("admin:index")).content.decode()
        assert linked is (status == 200)

    def test_it_is_for_looking_only(self, admin_client: Client) -> None:
        for ask in (admin_client.post, admin_client.put, admin_client.delete):
            assert ask(reverse("audit")).status_code == 405


def test_takes_a_constant_number_of_statements(admin_client: Client) -> None:
    taken = []
    for times in (1, 20):
        for n in range(times):
            an_operation(order_id=an_order().pk)
            Note.objects.create(order_id=an_order().pk, actor="staff:sue", text="x")
            an_event("payments.PaymentRefundStarted", order_id=an_order().pk)
            a_change(User.objects.create(username=f"{times} {n}"))
            a_change(Product.objects.create(sku=f"{times} {n}", name="x", unit_price=1))
        html(admin_client)
        with CaptureQueriesContext(connection) as queries:
            html(admin_client)
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 8
