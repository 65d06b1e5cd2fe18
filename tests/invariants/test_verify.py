"""`manage.py verify`: green after every journey, and each invariant seen to be broken by one planted change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from config.invariants import INVARIANTS, copy_ledgers, examine
from config.invariants.money import MONEY
from config.invariants.protocol import STATED_BY
from outbox.testing import make_due
from payments import gateway
from payments.models import Payment
from payments.services import retry_refund
from shipping.models import Shipment
from tests.domain.journeys import bring_to_the_end, cancel, held_up, known_order, order, status
from tests.every_order.people import pay_late
from tests.invariants.planted import OF_A_SHIPPED_ORDER, ORDER

pytestmark = pytest.mark.django_db(transaction=True)

REFUND_FAILS = "pm_card_ok_refund_fails"


def verify(**options: bool) -> str:
    out = StringIO()
    call_command("verify", stdout=out, no_color=True, **options)
    return out.getvalue()


def shipped() -> UUID:
    order_id = order()
    bring_to_the_end()
    assert status(order_id) == "shipped"
    return order_id


def cancelled_when_paid(method: str = "pm_card_ok") -> UUID:
    order_id = order(method)
    with held_up("shipping.buy_label"):
        cancel(order_id)
    bring_to_the_end()
    return order_id


def declined() -> UUID:
    order_id = order("pm_card_declined_expired")
    bring_to_the_end()
    return order_id


class TestGreen:
    def test_on_an_empty_database(self) -> None:
        lines = verify(settled=True).splitlines()
        assert len(lines) == len(INVARIANTS)
        assert all(line.endswith(": ok") for line in lines)

    def test_names_every_kind_of_invariant(self) -> None:
        assert sorted({invariant.code for invariant in INVARIANTS}) == [f"I{n}" for n in range(1, 10)]

    def test_after_every_journey(self) -> None:
        shipped()
        declined()
        cancelled_when_paid()
        order(quantity=100)
        order(postal_code="00000")
        order(postal_code="00001")
        order("pm_card_timeout_unknown")
        cancel(order())
        bring_to_the_end()
        assert verify(settled=True).count(": ok") == len(INVARIANTS)

    def test_after_a_refund_that_was_tried_again(self) -> None:
        order_id = cancelled_when_paid(REFUND_FAILS)
        assert f"every order is settled: not yet, 1 open (orders {order_id})" in verify()
        retry_refund(payment_id=Payment.objects.get(order_id=order_id).pk)
        bring_to_the_end()
        verify(settled=True)

    def test_while_late_money_is_on_its_way_back(self) -> None:
        order_id = order()
        with held_up("payments.capture_payment"):
            cancel(order_id)
        bring_to_the_end()
        pay_late(order_id)
        assert (status(order_id), Payment.objects.get(order_id=order_id).state) == ("cancelled", "refunding")
        verify()
        bring_to_the_end()
        verify(settled=True)

    def test_while_a_payment_is_in_its_grace(self, settings: Any) -> None:
        settings.PAYMENT_GRACE = timedelta(minutes=5)
        order_id = known_order()
        with held_up("payments.capture_payment"):
            make_due()
        assert Payment.objects.get(order_id=order_id).state == "in_grace"
        verify()

    def test_at_every_step_of_an_order(self) -> None:
        order()
        for reaction in ("inventory.reserve_stock", "payments.capture_payment", "shipping.buy_label"):
            with held_up(reaction):
                verify()
        bring_to_the_end()
        verify(settled=True)

    def test_without_the_ledgers_of_other_companies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gateway, "provider", object)
        assert verify().count(": not examined, for the provider is not the sandbox's") == 7

    def test_not_when_an_order_should_be_settled(self) -> None:
        order_id = order()
        with pytest.raises(CommandError, match=r"^1 of \d+ invariants are violated"):
            verify(settled=True)
        assert str(order_id) in verify()


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back, even the removal of constraints."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def broken_by(sql: str) -> dict[str, list[str]]:
    """Returns the promises that the planted change breaks, each with the ids that are named."""
    with undone(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL outbox.maintenance = 'on'")
        cursor.execute(sql)
        copy_ledgers()
        findings = {invariant.promise: examine(invariant).ids for invariant in INVARIANTS}
    return {promise: ids for promise, ids in findings.items() if ids}


class TestBroken:
    def test_by_a_planted_change(self, subtests: pytest.Subtests) -> None:
        order_id = shipped()
        assert broken_by("SELECT 1") == {}
        for sql, promise, named in OF_A_SHIPPED_ORDER:
            with subtests.test(promise):
                ids = broken_by(sql)[promise]
                assert ids
                assert named is None or ids == [str(order_id) if named == ORDER else named]

    def test_by_a_second_charge(self, provider_says: Callable[[str], None]) -> None:
        order_id = shipped()
        provider_says(
            "INSERT INTO sandbox_provider.charge (key, amount, currency, method, reference, declined) "
            "SELECT split_part(key, ':', 1) || ':2', amount, currency, method, 'ch_2', '' FROM sandbox_provider.charge"
        )
        assert broken_by("SELECT 1")["no order is charged twice"] == [str(order_id)]

    def test_by_a_refund_that_was_not_made(self, provider_says: Callable[[str], None]) -> None:
        order_id = str(cancelled_when_paid())
        provider_says("DELETE FROM sandbox_provider.refund")
        assert broken_by("SELECT 1") == {
            "each payment is as its refund in the ledger": [order_id],
            "nothing but late money is kept of a cancelled order's, and all of a shipped one's but those parts": [
                order_id
            ],
        }

    def test_by_a_key_that_answered_for_an_order_that_is_not_there(self) -> None:
        user = User.objects.create_user("ada")
        insert = (
            "INSERT INTO api_idempotencykey (user_id, route, key, fingerprint, status_code, body, headers, created_at) "
            f"""SELECT {user.pk}, 'POST /api/v1/orders', key, '', 201, '{{"id": "gone"}}', '{{}}', now() """
            "FROM unnest(ARRAY['one', 'two']) AS key"
        )
        assert broken_by(insert) == {
            "no key of a user has been answered twice, and no order belongs to two keys": ["one", "two"],
            "every order that was answered for exists, and is its customer's": ["one", "two"],
        }

    def test_every_invariant_is_broken_by_some_change(self) -> None:
        planted = {promise for _, promise, _ in OF_A_SHIPPED_ORDER}
        elsewhere = {
            "no order is charged twice",
            "no key of a user has been answered twice, and no order belongs to two keys",
            "every order that was answered for exists, and is its customer's",
        }
        assert planted | elsewhere == {invariant.promise for invariant in INVARIANTS}


def test_every_state_of_a_payment_and_a_shipment_is_named_by_the_invariants() -> None:
    silent = {("payments", "waiting"), ("shipping", "draft")}  # nothing needs to have happened
    states = {("payments", state) for state in Payment.State.values}
    states |= {("shipping", state) for state in Shipment.State.values}
    assert {key for key in STATED_BY if key[0] in ("payments", "shipping")} == states - silent
    (charges,) = [one for one in MONEY if one.promise == "each payment is as its charge in the ledger"]
    listed = {state for state in Payment.State.values if f"'{state}'" in charges.sql}
    taken = {"captured", "refunding", "refunded", "refund_failed"}
    assert listed == set(Payment.State.values) - taken


def test_the_command_fails_and_counts() -> None:
    shipped()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_stock SET reserved = reserved + 1")
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 of \d+ invariants are violated\.$"):
        call_command("verify", stdout=out, no_color=True)
    assert "the sum of the open reservations: 1 violations (SKUs MUG)" in out.getvalue()
