"""Pausing and resuming a reaction, after a page that asks why."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from outbox.admin.asking import Done, OptionalReasonForm, Question, ReasonForm, actor_of, ask, log
from outbox.models import Reaction
from outbox.operations import requesting


def pause(request: HttpRequest, reaction_id: str) -> HttpResponse:
    """Asks why the reaction is to be paused, and pauses it."""
    reaction = get_object_or_404(Reaction, pk=reaction_id)
    page = _page(reaction)

    def act(answer: dict[str, Any]) -> Done:
        operation = requesting.pause(reaction, actor=actor_of(request), reason=answer["reason"])
        log(request, [reaction, operation], f"Paused: {operation.reason}")
        return Done(f"{reaction.pk} is {operation.outcome}.", page)

    question = Question(
        title=f"Pause {reaction.pk}?",
        lead="It is handed nothing more, and its deliveries wait. What was sent before still runs.",
        submit="Pause it",
        permission="outbox.pause_reaction",
        back=page,
        form=ReasonForm,
        act=act,
    )
    return ask(request, question)


def resume(request: HttpRequest, reaction_id: str) -> HttpResponse:
    """Asks whether the reaction is to go on, and lets it."""
    reaction = get_object_or_404(Reaction, pk=reaction_id)
    page = _page(reaction)

    def act(answer: dict[str, Any]) -> Done:
        operation = requesting.resume(reaction, actor=actor_of(request), reason=answer["reason"])
        log(request, [reaction, operation], f"Resumed. {operation.reason}".strip())
        return Done(f"{reaction.pk} is {operation.outcome}.", page)

    question = Question(
        title=f"Resume {reaction.pk}?",
        lead="What has piled up comes in large batches.",
        submit="Resume it",
        permission="outbox.pause_reaction",
        back=page,
        form=OptionalReasonForm,
        act=act,
    )
    return ask(request, question)


def _page(reaction: Reaction) -> str:
    return reverse("admin:outbox_reaction_change", args=[reaction.pk])
