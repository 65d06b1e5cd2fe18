"""An order cancelled at each point of its way ends as its owner would call right: never shipped and cancelled."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.core import mail

from orders.models import CancellationRequest, Order
from orders.services import NotCancellable, request_cancellation
from outbox.models import Delivery
from outbox.testing import make_due, published, run_until_quiet
from payments.models import Payment
from tests.domain.journeys import IN_STOCK, bring_to_the_end, cancel, happened, held_up, order, status, stock
from tests.domain.test_payments import placed, prepare, reserved

pytestmark = pytest.mark.django_db(transaction=True)

OUTAGE = "00001"
ANSWER_LOST = "pm_card_timeout_unknown"


def assert_cancelled(order_id: UUID, reason: str = "customer") -> None:
    row = Order.objects.get(pk=order_id)
    assert (row.status, row.cancel_reason) == ("cancelled", reason)
    assert stock() == (IN_STOCK, 0)
    assert not Delivery.objects.exclude(state__in=["done", "ignored"]).exists()
    assert not Delivery.objects.exclude(drift="").exists()


class TestCancelled:
    def test_before_anybody_has_heard_of_the_order(self) -> None:
        order_id = order()
        with held_up("inventory.reserve_stock", "payments.capture_payment", "shipping.buy_label"):
            cancel(order_id)
        bring_to_the_end()
        assert_cancelled(order_id)
        assert happened(order_id) >= {"StockReleased", "PaymentVoided", "ShipmentStopped"}
        assert not happened(order_id) & {"StockReserved", "PaymentCaptured", "LatePaymentReceived", "OrderShipped"}

    def test_while_its_stock_is_being_reserved(self) -> None:
        order_id = order()
        with held_up("inventory.reserve_stock"):
            cancel(order_id)
        bring_to_the_end()
        assert_cancelled(order_id)
        assert not happened(order_id) & {"PaymentCaptured", "OrderShipped"}

    def test_when_it_is_reserved(self) -> None:
        order_id = order()
        with held_up("payments.capture_payment"):
            assert status(order_id) == "reserved"
            cancel(order_id)
        bring_to_the_end()
        assert_cancelled(order_id)
        assert happened(order_id) >= {"StockReserved", "StockReleased", "PaymentVoided"}

    def test_while_the_provider_is_being_asked(self) -> None:
        order_id = order(ANSWER_LOST)
        run_until_quiet()
        assert Payment.objects.get(order_id=order_id).state == "capturing"
        cancel(order_id)
        run_until_quiet()
        assert status(order_id) == "cancelling"
        bring_to_the_end()
        assert_cancelled(order_id)
        assert happened(order_id) >= {"LatePaymentReceived", "PaymentRefunded"}
        assert "PaymentCaptured" not in happened(order_id)

    def test_while_the_provider_is_being_asked_and_declines(self) -> None:
        order_id = order("pm_card_declined_expired")
        with held_up("payments.capture_payment"):
            prepare(placed(order_id, "pm_card_declined_expired"))
            prepare(reserved(order_id))
            assert Payment.objects.get(order_id=order_id).state == "capturing"
            cancel(order_id)
        bring_to_the_end()
        assert_cancelled(order_id)
        assert "PaymentDeclined" in happened(order_id)
        assert not happened(order_id) & {"PaymentVoided", "PaymentRefunded"}

    def test_when_it_is_paid(self) -> None:
        order_id = order()
        with held_up("shipping.buy_label"):
            assert status(order_id) == "paid"
            cancel(order_id)
        bring_to_the_end()
        assert_cancelled(order_id)
        assert happened(order_id) >= {"PaymentCaptured", "PaymentRefundStarted", "PaymentRefunded", "StockReleased"}
        assert "OrderShipped" not in happened(order_id)

    def test_by_staff(self) -> None:
        order_id = order()
        with held_up("shipping.buy_label"):
            request_cancellation(order_id=order_id, requested_by="staff", reason="fraud", note="stolen card")
        bring_to_the_end()
        assert_cancelled(order_id, "staff")


class TestTooLate:
    def test_while_the_label_is_being_bought(self) -> None:
        order_id = order(postal_code=OUTAGE)
        run_until_quiet()
        cancel(order_id)
        run_until_quiet()
        assert status(order_id) == "paid"
        bring_to_the_end()
        self.assert_rejected(order_id)

    def test_when_it_has_shipped_and_orders_does_not_know_yet(self) -> None:
        order_id = order()
        with held_up("orders.track_progress"):
            cancel(order_id)
        bring_to_the_end()
        self.assert_rejected(order_id)

    def test_when_it_has_shipped(self) -> None:
        order_id = order()
        run_until_quiet()
        with pytest.raises(NotCancellable):
            cancel(order_id)
        assert not CancellationRequest.objects.exists()

    def test_is_too_late_the_second_time_as_well(self) -> None:
        order_id = order()
        with held_up("orders.track_progress"):
            cancel(order_id)
        run_until_quiet()
        with pytest.raises(NotCancellable):
            cancel(order_id)

    def assert_rejected(self, order_id: UUID) -> None:
        row = Order.objects.get(pk=order_id)
        assert (row.status, row.cancelled_at, stock()) == ("shipped", None, (IN_STOCK - 2, 0))
        assert CancellationRequest.objects.get().rejected_at is not None
        assert "OrderCancellationRejected" in happened(row.pk)
        assert not happened(row.pk) & {"OrderCancelled", "ShipmentStopped", "PaymentRefunded"}
        assert [message.subject for message in mail.outbox if "could not be cancelled" in message.subject]


class TestAskingAgain:
    def test_asks_once(self) -> None:
        order_id = order()
        cancel(order_id)
        cancel(order_id)
        request_cancellation(order_id=order_id, requested_by="staff")
        assert len(published("orders.OrderCancellationRequested")) == 1
        bring_to_the_end()
        cancel(order_id)
        assert_cancelled(order_id)
        assert len(published("orders.OrderCancellationRequested")) == 1

    def test_what_was_refused_meanwhile_keeps_its_reason(self) -> None:
        order_id = order("pm_card_declined_insufficient_funds")
        with held_up("shipping.decide_cancellation"):
            cancel(order_id)
        bring_to_the_end()
        assert_cancelled(order_id, "declined")


def test_what_the_carrier_refuses_is_cancelled_and_paid_back() -> None:
    order_id = order(postal_code="00000")
    bring_to_the_end()
    assert_cancelled(order_id, "fulfilment")
    assert happened(order_id) >= {"ShipmentFailed", "PaymentRefunded", "StockReleased"}
    assert "ShipmentStopped" not in happened(order_id)


def test_a_request_that_comes_when_the_carrier_has_refused_ends_in_the_same_cancellation() -> None:
    order_id = order(postal_code="00000")
    with held_up("orders.cancel_refused"):
        cancel(order_id)
    bring_to_the_end()
    assert_cancelled(order_id, "fulfilment")


def test_a_payment_that_was_not_even_begun_in_time_expires() -> None:
    order_id = order()
    with held_up("payments.capture_payment"):
        make_due()
        run_until_quiet()
        make_due()
    bring_to_the_end()
    assert_cancelled(order_id, "expired")
    assert happened(order_id) >= {"PaymentExpired", "StockReleased", "ShipmentStopped"}
    assert not happened(order_id) & {"PaymentVoided", "PaymentCaptured"}
