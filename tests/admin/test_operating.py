"""What staff may do with deliveries, reactions and failure groups: asked first, with a preview, and recorded."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from outbox.models import Delivery, Note, Operation, Reaction
from outbox.operations.progress import advance
from tests.admin.pages import read, words
from tests.admin.rows import a_delivery, a_reaction, an_event, an_order
from tests.admin.staff import a_parked_one, answer, choose, page, staff, sue

__all__ = ["sue"]
pytestmark = pytest.mark.django_db


class TestAskingFirst:
    def test_previews_what_would_happen_and_does_nothing(self, sue: Client) -> None:
        parked, done = a_parked_one(), a_delivery(an_event(order_id=an_order().id))
        asked = choose(sue, "redeliver", parked, done)
        assert "2 deliveries of 2 orders" in asked
        assert "1 will be delivered again" in asked
        assert "1 already done: nothing will happen to them" in asked
        assert (Operation.objects.count(), Delivery.objects.get(pk=parked.pk).state) == (0, "parked")

    def test_offers_no_button_when_nothing_can_happen(self, sue: Client) -> None:
        asked = choose(sue, "skip", a_delivery(an_event(order_id=an_order().id)))
        assert "already done: nothing will happen to them" in asked
        assert "So there is nothing to do." in asked
        assert 'value="Skip"' not in sue.get(page("skip")).content.decode()

    def test_says_when_the_reaction_is_paused(self, sue: Client) -> None:
        parked = a_parked_one()
        Reaction.objects.update(paused=True)
        assert "Paused: inventory.reserve_stock." in choose(sue, "redeliver", parked)

    def test_offers_a_rate_and_a_first_one_only_for_several(self, sue: Client) -> None:
        one, other = a_parked_one(), a_parked_one()
        assert "At most so many a second" not in choose(sue, "redeliver", one)
        assert "At most so many a second" in choose(sue, "redeliver", one, other)

    @pytest.mark.parametrize(
        "query", ["deliveries=x", "deliveries=9" * 3, "group=no", "order=no", "operation=-1", "deliveries=" + "9" * 40]
    )
    def test_survives_strange_addresses(self, sue: Client, query: str) -> None:
        assert sue.get(f"{page('redeliver')}?{query}").status_code == 200

    @pytest.mark.parametrize("deliveries", ["", "x", "1,x", "9" * 40, "-1", "1\x00"])
    def test_survives_strange_forms(self, sue: Client, deliveries: str) -> None:
        assert sue.post(page("skip"), {"answered": "1", "deliveries": deliveries, "reason": "x"}).status_code == 200
        assert not Operation.objects.exists()

    def test_knows_no_other_kinds(self, sue: Client) -> None:
        assert sue.get(page("explode")).status_code == 404


class TestDeliveringAgain:
    def test_leads_to_the_operation_which_tells_the_verified_outcome(self, sue: Client) -> None:
        parked = a_parked_one()
        told = answer(sue, "redeliver", parked, reason="the SKU is there now")
        assert "under way · redeliver delivery" in told
        assert "0 of 1 outcomes known" in told
        Delivery.objects.filter(pk=parked.pk).update(state="done", outcome="inventory.StockReserved")
        advance()
        told = read(sue, "outbox_operation_change", Operation.objects.get().pk)
        assert "✓ over · redeliver delivery" in told
        assert "1 operation " in read(sue, "outbox_operation_changelist", progress="over")
        assert "0 operations" in read(sue, "outbox_operation_changelist", progress="open")
        assert "1 of 1 outcomes known" in told
        assert "✓ succeeded parked: ValueError: no such SKU (after 8 attempts) ✓ done inventory.StockReserved" in told
        assert "Who staff:sue" in told

    def test_is_recorded_on_the_delivery_and_shown_there_and_on_the_order(self, sue: Client) -> None:
        parked = a_parked_one()
        answer(sue, "redeliver", parked, reason="mended")
        operation = Operation.objects.get()
        logged = set(LogEntry.objects.values_list("content_type__model", "object_id"))
        assert logged == {
            ("delivery", str(parked.pk)),
            ("operation", str(operation.pk)),
            ("order", str(parked.order_id)),
        }
        assert f"redeliver delivery {parked.pk} by staff:sue" in read(sue, "outbox_delivery_change", parked.pk)
        assert "redeliver delivery" in read(sue, "orders_order_change", parked.order_id)

    def test_of_what_failed_in_an_order_finds_it(self, sue: Client) -> None:
        parked = a_parked_one()
        a_parked_one()
        asked = words(sue.get(page("redeliver"), {"order": str(parked.order_id)}).content.decode())
        assert "1 delivery of 1 order" in asked
        assert "Deliver again what failed (1)" in read(sue, "orders_order_change", parked.order_id)
        assert "Deliver again what failed" not in read(sue, "orders_order_change", an_order().pk)

    def test_of_an_event_offers_it_to_all_who_react(self, sue: Client) -> None:
        parked = a_parked_one()
        a_delivery(parked.event, "payments.capture_payment")
        assert "Deliver again" in read(sue, "outbox_event_change", parked.event_id)
        asked = words(sue.get(page("redeliver"), {"event": parked.event_id}).content.decode())
        assert "2 deliveries of 1 order" in asked

    def test_of_what_failed_in_an_operation_finds_it(self, sue: Client) -> None:
        parked = a_parked_one()
        answer(sue, "redeliver", parked)
        Delivery.objects.filter(pk=parked.pk).update(state="parked")
        advance()
        operation = Operation.objects.get()
        assert "✕ over, not all well" in read(sue, "outbox_operation_change", operation.pk)
        asked = words(sue.get(page("redeliver"), {"operation": operation.pk}).content.decode())
        assert "1 will be delivered again" in asked

    def test_is_stopped(self, sue: Client) -> None:
        answer(sue, "redeliver", *[a_parked_one() for _ in range(3)], canary="on")
        operation = Operation.objects.get()
        stop = reverse("admin:outbox_operation_stop", args=[operation.pk])
        assert "It begins nothing more." in words(sue.get(stop).content.decode())
        told = words(sue.post(stop, {"answered": "1"}, follow=True).content.decode())
        assert "1 ▶ on its way , 2 ■ not begun: stopped" in told


class TestReasons:
    @pytest.mark.parametrize("kind", ["skip", "park"])
    def test_are_needed_to(self, sue: Client, kind: str) -> None:
        parked = a_parked_one(state="waiting")
        assert "This field is required." in answer(sue, kind, parked, reason=" ")
        assert not Operation.objects.exists()
        assert "over" in answer(sue, kind, parked, reason="asked by the customer")
        assert Operation.objects.get().reason == "asked by the customer"

    def test_are_needed_to_pause_and_not_to_resume(self, sue: Client) -> None:
        reaction = a_reaction()
        pause = reverse("admin:outbox_reaction_pause", args=[reaction.pk])
        assert b"This field is required." in sue.post(pause, {"answered": "1"}).content
        sue.post(pause, {"answered": "1", "reason": "it does damage"})
        assert "‖ paused" in read(sue, "outbox_reaction_change", reaction.pk)
        sue.post(reverse("admin:outbox_reaction_resume", args=[reaction.pk]), {"answered": "1"})
        assert "▶ running" in read(sue, "outbox_reaction_change", reaction.pk)
        assert list(Operation.objects.order_by("pk").values_list("kind", flat=True)) == ["pause", "resume"]
        assert LogEntry.objects.filter(content_type__model="reaction", object_id=reaction.pk).count() == 2


class TestANoteOnAnOrder:
    def test_is_shown_there(self, sue: Client) -> None:
        order = an_order()
        note = reverse("admin:outbox_note_on_order", args=[order.pk])
        told = words(sue.post(note, {"answered": "1", "text": "She called twice."}, follow=True).content.decode())
        assert "staff:sue · note She called twice." in told
        assert "Wrote a note." in words(sue.get(f"/admin/orders/order/{order.pk}/history/").content.decode())

    @pytest.mark.parametrize("text", ["", "  \n ", "x" * 2_001, "nul\x00"])
    def test_has_to_say_something(self, sue: Client, text: str) -> None:
        note = reverse("admin:outbox_note_on_order", args=[uuid4()])
        assert sue.post(note, {"answered": "1", "text": text}).status_code == 200
        assert not Note.objects.exists()


NEEDED = {
    "redeliver": "redeliver",
    "release": "redeliver",
    "skip": "skip",
    "park": "park",
}


class TestPermissions:
    @pytest.mark.parametrize(("kind", "permission"), NEEDED.items())
    def test_each_kind_needs_its_own(self, client: Client, kind: str, permission: str) -> None:
        others = {"redeliver", "skip", "park", "pause_reaction", "write_note"} - {permission}
        sue, parked = staff(client, *others), a_parked_one(state="waiting" if kind == "park" else "parked")
        form = {"answered": "1", "deliveries": parked.pk, "reason": "x"}
        assert sue.get(page(kind), {"deliveries": parked.pk}).status_code == 403
        assert sue.post(page(kind), form).status_code == 403
        assert not Operation.objects.exists()

    def test_a_missing_one_is_named_beside_the_dead_button(self, client: Client) -> None:
        told = read(staff(client, "skip"), "outbox_delivery_change", a_parked_one().pk)
        assert "Release needs the permission outbox.redeliver" in told
        assert "Skip needs" not in told

    def test_actions_of_the_list_are_offered_to_those_who_may(self, client: Client) -> None:
        a_parked_one()
        told = read(staff(client, "skip"), "outbox_delivery_changelist")
        assert "Skip, with a reason" in told
        assert "Deliver again" not in told
