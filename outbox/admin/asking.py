"""The pages that ask before anything is done: what it would do, why it is to be done, and then a POST."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from outbox.admin.links import order_model
from outbox.operations.requesting import Refused

LONGEST_REASON = 2_000


def actor_of(request: HttpRequest) -> str:
    """Returns who acts, as operations and events name it."""
    return f"staff:{request.user.get_username()}"[:200]


def reason_field(*, required: bool = True) -> forms.CharField:
    """Returns the field that asks why."""
    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})
    return forms.CharField(max_length=LONGEST_REASON, required=required, widget=widget)


class ReasonForm(forms.Form):
    """Why."""

    reason = reason_field()


class OptionalReasonForm(forms.Form):
    """Why, for whoever wants to say it."""

    reason = reason_field(required=False)


class PlainForm(forms.Form):
    """Nothing but the question whether to go on."""


@dataclass(frozen=True)
class Done:
    """What was done, in words, and the page that shows it."""

    said: str
    leads_to: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a page asks, and what is done when the answer is yes.

    `act` gets the cleaned form and does it; it may raise `Refused`.
    """

    title: str
    submit: str
    permission: str
    back: str
    act: Callable[[dict[str, Any]], Done]
    lead: str = ""
    action: str = ""
    form: type[forms.Form] = ReasonForm
    initial: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    template: str = "outbox/ask.html"


def ask(request: HttpRequest, question: Question) -> HttpResponse:
    """Asks, and does it once the form is posted and right."""
    if not request.user.has_perm(question.permission):
        raise PermissionDenied(f"the permission {question.permission} is missing")
    answered = request.method == "POST" and "answered" in request.POST
    form = question.form(request.POST if answered else None, initial=question.initial, label_suffix="")
    if answered and form.is_valid():
        try:
            with transaction.atomic():
                done = question.act(form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done.said)
            return HttpResponseRedirect(done.leads_to)
    context = {**admin.site.each_context(request), "title": question.title, "question": question, "form": form}
    return TemplateResponse(request, question.template, context | question.context)


def log(request: HttpRequest, objects: Iterable[Model], said: str) -> None:
    """Writes into Django's log of the admin, for each of these objects, what was done about it."""
    LogEntry.objects.log_actions(cast(User, request.user).pk, list(objects), CHANGE, said)


def log_on_orders(request: HttpRequest, order_ids: Iterable[UUID], said: str) -> None:
    """Writes it into the log of these orders as well, if some app has a page for them."""
    if model := order_model():
        of_orders = {
            "user_id": cast(User, request.user).pk,
            "content_type": ContentType.objects.get_by_natural_key(*model),
            "action_flag": CHANGE,
            "change_message": said,
        }
        LogEntry.objects.bulk_create(
            LogEntry(object_id=str(order_id), object_repr=f"order {order_id}", **of_orders)
            for order_id in sorted(set(order_ids))
        )
