"""By what the list of orders can be narrowed down.

What no index finds is looked for among the newest 10,000, of orders or of one kind of event: no list shows more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial, reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from orders.models import Order
from orders.serializers.filtering import needs_attention, shows
from orders.services.explaining import WHY_CANCELLED
from orders.status import (
    CANCELLED,
    LATE,
    PART_REFUND_FAILED,
    PAYMENT,
    REFUND_FAILED,
    SETTLED,
    SHIPMENT,
    STOCK,
    Facet,
    status_of,
    values_of,
)
from outbox.history import orders_with_any
from outbox.overdue import overdue, parked

MOST = 10_000
REFUSED_REFUNDS = (REFUND_FAILED, PART_REFUND_FAILED)
PATIENCE = {
    "1m": ("a minute", timedelta(minutes=1)),
    "5m": ("5 minutes", timedelta(minutes=5)),
    "1h": ("an hour", timedelta(hours=1)),
    "1d": ("a day", timedelta(days=1)),
}


def among_the_newest() -> Q:
    """Only the newest orders."""
    newest = Order.objects.order_by("-placed_at", "-pk").values("pk")[:MOST]
    return Q(pk__in=newest)


def after_any(events: Iterable[str]) -> Q:
    """Only orders to which one of these has happened, by the newest events of each name."""
    return Q(pk__in=orders_with_any(events, MOST))


def _unsettled_for(patience: timedelta) -> Q:
    unsettled = [status for status, _ in Order._meta.get_field("status").choices or () if status not in SETTLED]
    return Q(status__in=unsettled, status_since__lt=timezone.now() - patience)


def drifted() -> Q:
    """Only orders whose status is not what the events that they have taken in amount to; of the newest."""
    kinds = (
        Order.objects.filter(among_the_newest()).values_list("seen", "status").distinct()
    )  # few, whatever the orders
    wrong = (Q(seen=seen, status=status) for seen, status in kinds if status_of(set(seen)) != status)
    return among_the_newest() & reduce(or_, wrong, Q(pk__in=[]))


def _cancelled_because(reason: str) -> Q:
    return after_any([CANCELLED]) & Q(cancel_reason=reason)


Condition = Callable[[], Q]


class ChoiceFilter(admin.SimpleListFilter):
    """A filter by one of a few words: how each is said, and the condition that it stands for."""

    words: Mapping[str, tuple[str, Condition]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(word, said) for word, (said, _) in self.words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.words.get(self.value() or "")
        return queryset.filter(chosen[1]()) if chosen else queryset


def facet_filter(name: str, facet: Facet) -> type[ChoiceFilter]:
    """Returns the filter by what became of one side of the order."""

    class FacetFilter(ChoiceFilter):
        title = parameter_name = name
        words = {word: (word.replace("_", " "), partial(_shows, facet, word)) for word in values_of(facet)}

    return FacetFilter


def _shows(facet: Facet, word: str) -> Q:
    events = [event for event, value in facet if value == word]
    return (after_any(events) if events else among_the_newest()) & shows(facet, word)


class AttentionFilter(ChoiceFilter):
    """Why somebody has to look after the order."""

    title = parameter_name = "attention"
    words = {
        "overdue": ("overdue", lambda: Q(pk__in=overdue().values("order_id"))),
        "parked": ("parked delivery", lambda: Q(pk__in=parked().values("order_id"))),
        "book_open": ("book open > 5 min", lambda: needs_attention("book_open")),
        "money_owed": ("money owed", lambda: after_any(REFUSED_REFUNDS) & needs_attention("money_owed")),
        "late_money": ("late money", lambda: after_any([LATE]) & needs_attention("late_money")),
        "inconsistent": ("inconsistent", lambda: needs_attention("inconsistent")),
        "drift": ("status ≠ its events", drifted),
    }


class StuckFilter(ChoiceFilter):
    """For how long an order that is not settled has kept its status."""

    title = "stuck for"
    parameter_name = "stuck"
    words = {word: (said, partial(_unsettled_for, patience)) for word, (said, patience) in PATIENCE.items()}


class CancelReasonFilter(ChoiceFilter):
    """Why the order was cancelled."""

    title = "cancelled because"
    parameter_name = "cancel_reason"
    words = {word: (said, partial(_cancelled_because, word)) for word, said in WHY_CANCELLED.items()}


class SandboxFilter(ChoiceFilter):
    """Whether anything of it is real."""

    title = parameter_name = "sandbox"
    words = {
        "1": ("of the sandbox", lambda: among_the_newest() & Q(sandbox=True)),
        "0": ("real", lambda: among_the_newest() & Q(sandbox=False)),
    }


FILTERS: tuple[str | type[admin.ListFilter], ...] = (
    "status",
    AttentionFilter,
    StuckFilter,
    *(facet_filter(name, facet) for name, facet in (("stock", STOCK), ("payment", PAYMENT), ("shipment", SHIPMENT))),
    CancelReasonFilter,
    SandboxFilter,
)
