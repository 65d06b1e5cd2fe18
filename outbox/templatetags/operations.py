"""How operations, their outcomes and failure groups are written, and what an order's page shows of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import template
from django.utils.safestring import SafeString

from outbox.admin.marks import outcome_mark
from outbox.admin.operations_of_order import told_operations
from outbox.models import Operation
from outbox.operations.models import LEFT_ALONE, ItemOutcome, Kind

register = template.Library()

WOULD_BE = {
    ItemOutcome.RELEASED: "will be delivered again",
    ItemOutcome.SKIPPED: "will be skipped",
    ItemOutcome.PARKED: "will be parked",
    ItemOutcome.IN_DOUBT: "may have been done outside already: nothing will happen to them, unless you say so",
    ItemOutcome.NOT_DUE_YET: "wait for their time: nothing will happen to them",
}


@register.filter
def would_be(outcome: str) -> str:
    """Returns what would happen to deliveries of which this would be the outcome."""
    if outcome in WOULD_BE:
        return WOULD_BE[ItemOutcome(outcome)]
    return f"{ItemOutcome(outcome).label}: nothing will happen to them"


@register.filter
def outcome_marks(counts: dict[str, int]) -> list[tuple[int, SafeString]]:
    """Returns how many deliveries have each outcome that occurs, in the order of the outcomes."""
    return [(counts[outcome], outcome_mark(outcome)) for outcome in ItemOutcome.values if counts.get(outcome)]


register.filter("outcome_mark", outcome_mark)


@register.filter
def was_left_alone(outcome: str) -> bool:
    return outcome in LEFT_ALONE


@register.inclusion_tag("outbox/operations_of_order.html", takes_context=True)
def operations_of_order(context: dict[str, Any], order_id: UUID) -> dict[str, Any]:
    """Shows notes on an order and what staff has done about it, with the tools to do more."""
    return told_operations(context["request"], order_id)


@register.simple_tag(takes_context=True)
def scenario_of(context: dict[str, Any], order_id: UUID) -> Operation | None:
    """Returns the scenario of the lab that has placed the order, for whoever may see operations."""
    if not context["request"].user.has_perm("outbox.view_operation"):
        return None
    return Operation.objects.filter(order_id=order_id, kind=Kind.SCENARIO).first()
