"""What staff ask for by the REST API is in the audit as well; what the admin asks for is an operation, told once."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.models import CancellationRequest
from tests.admin.rows import an_event, an_order
from tests.audit.looking import audit

pytestmark = pytest.mark.django_db


def test_a_cancellation_that_staff_asked_for_by_the_api(admin_client: Client) -> None:
    for requested_by, cause_kind in (("staff", "request"), ("customer", "request"), ("staff", "operation")):
        order = an_order()
        CancellationRequest.objects.create(order=order, requested_by=requested_by)
        an_event(
            "orders.OrderCancellationRequested",
            order_id=order.pk,
            cause_kind=cause_kind,
            actor=f"{requested_by}:by-{cause_kind}",
            payload={"reason": "fraud", "note": "the same card, twice"},
        )
    told = audit(admin_client)
    assert "asked for an order to be cancelled, by the REST API cancellation staff:by-request" in told
    assert told.count("fraud: the same card, twice") == 1  # a customer's is no act of ours, the admin's an operation
    assert "by-operation" not in told
    assert "by-request" in audit(admin_client, kind="cancellation")


def test_a_refund_that_was_asked_for_by_the_api(admin_client: Client) -> None:
    order_id = an_order().pk
    an_event("payments.PaymentRefundStarted", order_id=order_id, actor="user:ada")
    an_event("payments.PaymentRefundStarted", order_id=order_id, cause_kind="event", actor="user:nobody")
    told = audit(admin_client)
    assert "had a refund tried again, by the REST API refund user:ada" in told
    an_event("payments.PartialRefundStarted", order_id=order_id, actor="user:grace")
    assert "had a part of the money given back, by the REST API refund user:grace" in audit(admin_client)
    assert "nobody" not in told
