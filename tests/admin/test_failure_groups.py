"""Failure groups: what they show, and what staff can do about all of one cause."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from outbox.models import Delivery, FailureGroup, Operation
from tests.admin.pages import read, words
from tests.admin.rows import a_failed_attempt
from tests.admin.staff import a_parked_one, answer, page, sue

__all__ = ["sue"]
pytestmark = pytest.mark.django_db


class TestAFailureGroup:
    @pytest.fixture
    def group(self) -> FailureGroup:
        parked = [a_parked_one() for _ in range(3)]
        a_failed_attempt(parked[0])
        group = FailureGroup.objects.create(
            fingerprint="f",
            reaction_id="inventory.reserve_stock",
            exception="ValueError",
            frame="inventory.services.reserve",
            failures=24,
            last_delivery=parked[0],
        )
        Delivery.objects.update(failure_group=group)
        return group

    def test_shows_cause_extent_and_a_sample(self, sue: Client, group: FailureGroup) -> None:
        row = "ValueError inventory.services.reserve ! open inventory.reserve_stock 3 of 3 orders"
        assert row in read(sue, "outbox_failuregroup_changelist")
        told = read(sue, "outbox_failuregroup_change", group.pk)
        assert "3 deliveries of 3 orders" in told
        assert "the provider hung up" in told

    def test_is_tried_with_one_and_then_with_all(self, sue: Client, group: FailureGroup) -> None:
        one = words(sue.get(page("redeliver"), {"group": group.pk, "one": 1}).content.decode())
        assert "1 delivery of 1 order" in one
        told = answer(sue, "redeliver", *Delivery.objects.all(), group=group.pk, canary="on", rate=5)
        assert "the first one alone, then 5 a second" in told
        assert "▶ retrying" in read(sue, "outbox_failuregroup_change", group.pk)

    def test_is_muted_and_found_again(self, sue: Client, group: FailureGroup) -> None:
        sue.post(reverse("admin:outbox_failuregroup_mute", args=[group.pk]), {"answered": "1"})
        assert "ValueError" not in read(sue, "outbox_failuregroup_changelist")
        assert "ValueError" in read(sue, "outbox_failuregroup_changelist", state="muted")
        assert "muted" in read(sue, "outbox_failuregroup_change", group.pk)

    @pytest.mark.parametrize("state", ["open", "came back", "retrying", "fixed"])
    def test_is_found_by_its_state(self, sue: Client, group: FailureGroup, state: str) -> None:
        if state == "came back":
            FailureGroup.objects.update(fixed_at=group.first_seen.replace(year=2000))
        if state == "retrying":
            Operation.objects.create(kind="redeliver", group=group)
        if state == "fixed":
            Delivery.objects.update(state="done")
        for asked in ("open", "came back", "retrying", "fixed"):
            found = "inventory.services.reserve" in read(sue, "outbox_failuregroup_changelist", state=asked)
            assert found == (asked == state)
        assert state in read(sue, "outbox_failuregroup_change", group.pk)

    def test_keeps_notes(self, sue: Client, group: FailureGroup) -> None:
        note = reverse("admin:outbox_failuregroup_note", args=[group.pk])
        told = words(sue.post(note, {"answered": "1", "text": "The supplier knows."}, follow=True).content.decode())
        assert "staff:sue · note The supplier knows." in told
