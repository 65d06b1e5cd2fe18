"""What the list of orders says of each beyond its row: its stages, and for what it waits, of a whole page at once."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders import services
from orders.admin.stages import strip_of
from orders.models import Order
from orders.services import Answer
from orders.status import SETTLED
from outbox.admin import mark
from outbox.expectations import look_around, roughly
from outbox.history import names_of

_ANSWER = "_answer"
_NAMES = "_names"


def with_what_happened(orders: Iterable[Order]) -> list[Order]:
    """Returns the orders, each with the names of its events, and if it is not settled with the answer of where it is.

    That takes eight statements at most.
    """
    rows = list(orders)
    names = names_of([order.pk for order in rows])
    for order in rows:
        setattr(order, _NAMES, names.get(order.pk, set()))
    if unsettled := [order for order in rows if order.status not in SETTLED]:
        answers = services.answers(unsettled, look_around(with_usual=False))
        for order in unsettled:
            setattr(order, _ANSWER, answers[order.pk])
    return rows


def strip(order: Order) -> SafeString:
    """Returns its four stages; to whoever may not see events, as far as its status is made of them."""
    return strip_of(dict.fromkeys({*order.seen, *getattr(order, _NAMES, ())}))


def what_it_waits_for(order: Order) -> SafeString | None:
    """Returns who owes the order something, and for how long; None if nobody does, or nobody has been asked."""
    answer: Answer | None = getattr(order, _ANSWER, None)
    if answer is None or not answer.outlook.events:
        return None
    if answer.money_is_owed:
        return format_html("staff: {}", mark("money owed", "!", "bad"))
    if answer.main is None:
        return mark("nobody", "!", "bad") if answer.outlook.next_timer is None else None
    words = format_html("{} for {}", answer.main.app, roughly(answer.main.waited))
    if answer.main.needs_somebody:
        return format_html("{} {}", mark(answer.main.reason, "!", "bad"), words)
    return words
