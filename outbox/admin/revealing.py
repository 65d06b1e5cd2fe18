"""Revealing the personal fields of an order: with a reason, for a while, and recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from outbox.admin.asking import Done, PlainForm, Question, ReasonForm, actor_of, ask, log, log_on_orders
from outbox.admin.links import order_url
from outbox.admin.masking import PERMISSION, hide_again, is_revealed, keep_revealed
from outbox.operations import requesting


def reveal(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Asks why somebody wants to see the personal fields of an order, records that, and shows them for a while."""
    if is_revealed(request, order_id):
        return _hide(request, order_id)

    def act(answer: dict[str, Any]) -> Done:
        operation = requesting.reveal(order_id, actor=actor_of(request), reason=answer["reason"])
        said = f"Revealed the personal fields: {operation.reason}"
        log(request, [operation], said)
        log_on_orders(request, [order_id], said)
        keep_revealed(request, order_id)
        return Done("Shown to you for 15 minutes.", order_url(order_id))

    question = Question(
        title="Reveal the personal fields of this order?",
        lead="They are shown to you, and to nobody else, for 15 minutes. That you looked, and why, is kept.",
        submit="Reveal them",
        permission=PERMISSION,
        back=order_url(order_id),
        form=ReasonForm,
        act=act,
    )
    return ask(request, question)


def _hide(request: HttpRequest, order_id: UUID) -> HttpResponse:
    def act(answer: dict[str, Any]) -> Done:
        hide_again(request, order_id)
        return Done("Hidden again.", order_url(order_id))

    question = Question(
        title="Hide the personal fields of this order again?",
        submit="Hide them",
        permission=PERMISSION,
        back=order_url(order_id),
        form=PlainForm,
        act=act,
    )
    return ask(request, question)
