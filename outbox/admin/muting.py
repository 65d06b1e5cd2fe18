"""Muting a contract on the page of silence, after a page that asks why, and unmuting it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from outbox.admin.asking import Done, OptionalReasonForm, Question, actor_of, ask, log, reason_field
from outbox.models import Reaction
from outbox.operations.muting import answer_of, mute_contract, unmute_contract

PERMISSION = "outbox.write_note"


class MuteForm(forms.Form):
    """Why, and until when."""

    reason = reason_field()
    until = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="By the clock of these pages. Empty: until somebody unmutes it.",
    )


def mute(request: HttpRequest, reaction_id: str) -> HttpResponse:
    """Asks why and until when the reaction's contract is to be muted, and mutes it."""
    reaction = _reaction(reaction_id)

    def act(answer: dict[str, Any]) -> Done:
        told = {"reason": answer["reason"], "until": answer["until"]}
        operation = mute_contract(reaction, actor=actor_of(request), **told)
        log(request, [reaction, operation], f"Muted its contract: {operation.reason}")
        return Done("Muted.", reverse("admin:outbox_silence"))

    question = Question(
        title=f"Mute the contract of {reaction.pk}?",
        lead=f"That it has not answered {answer_of(reaction)} leaves the page of silence, for every order. Other "
        "contracts are told of as before, and so is what it has never got. The pages of the orders go on to say it.",
        submit="Mute it",
        permission=PERMISSION,
        back=reverse("admin:outbox_silence"),
        form=MuteForm,
        act=act,
    )
    return ask(request, question)


def unmute(request: HttpRequest, reaction_id: str) -> HttpResponse:
    """Asks whether the reaction's contract is to be told of again, and unmutes it."""
    reaction = _reaction(reaction_id)

    def act(answer: dict[str, Any]) -> Done:
        operation = unmute_contract(reaction, actor=actor_of(request), reason=answer["reason"])
        log(request, [reaction, operation], f"Unmuted its contract. {operation.reason}".strip())
        return Done("Unmuted.", reverse("admin:outbox_silence"))

    question = Question(
        title=f"Unmute the contract of {reaction.pk}?",
        lead="What is missing of it is told of again.",
        submit="Unmute it",
        permission=PERMISSION,
        back=reverse("admin:outbox_silence"),
        form=OptionalReasonForm,
        act=act,
    )
    return ask(request, question)


def _reaction(reaction_id: str) -> Reaction:
    return get_object_or_404(Reaction, pk=reaction_id.replace("\x00", ""))
