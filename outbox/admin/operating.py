"""Delivering again, skipping, parking and releasing: from the list of deliveries, and from pages that show one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from outbox.admin.asking import Done, Question, actor_of, ask, log, log_on_orders, reason_field
from outbox.models import Delivery, FailureGroup, Operation, Reaction
from outbox.operations import choosing
from outbox.operations.models import NEED_A_REASON, ItemOutcome, Kind
from outbox.operations.requesting import FASTEST, MOST, Preview, preview
from outbox.operations.requesting import request as request_operation

PERMISSIONS = {
    Kind.REDELIVER: "outbox.redeliver",
    Kind.RELEASE: "outbox.redeliver",
    Kind.SKIP: "outbox.skip",
    Kind.PARK: "outbox.park",
}
TITLES = {
    Kind.REDELIVER: "Deliver again?",
    Kind.RELEASE: "Release?",
    Kind.SKIP: "Skip?",
    Kind.PARK: "Park on purpose?",
}
SUBMITS = {
    Kind.REDELIVER: "Deliver again",
    Kind.RELEASE: "Release",
    Kind.SKIP: "Skip",
    Kind.PARK: "Park",
}
# A second; slow enough for what has just come back, and quick enough for a thousand.
USUAL_RATE = 10
HAPPENS = {ItemOutcome.RELEASED, ItemOutcome.SKIPPED, ItemOutcome.PARKED}


class DeliveriesForm(forms.Form):
    """The frozen choice, why, and how: at which rate, and beyond what caution allows by itself."""

    deliveries = forms.CharField(widget=forms.HiddenInput)
    group = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = reason_field(required=False)
    canary = forms.BooleanField(
        label="The first one alone", required=False, help_text="The others follow when it succeeds, and stay if not."
    )
    rate = forms.IntegerField(
        label="At most so many a second",
        required=False,
        min_value=1,
        max_value=FASTEST,
        help_text="Empty: all at once.",
    )
    done_too = forms.BooleanField(
        label="Also those that are done or ignored",
        required=False,
        help_text="Reactions may run twice: those that find nothing to do say so. What has called the outside stays.",
    )
    in_doubt_too = forms.BooleanField(
        label="Also what may have been done already",
        required=False,
        help_text="A mail may then arrive twice. Ask the mail server first.",
    )

    def clean_deliveries(self) -> list[int]:
        try:
            chosen = [int(id) for id in self.cleaned_data["deliveries"].split(",")]
        except ValueError:
            raise ValidationError("These are not the numbers of deliveries.") from None
        if any(not 0 < id < 2**63 for id in chosen):
            raise ValidationError("These are not the numbers of deliveries.")
        return chosen


def operate(request: HttpRequest, kind: str, chosen: Sequence[int] | None = None) -> HttpResponse:
    """Asks whether to do this to the chosen deliveries, with a preview, and does it when that is confirmed.

    They are `chosen` by the caller, or by the query (see `_chosen`), or stand in the form that is posted.
    """
    if kind not in PERMISSIONS:
        raise Http404(f"nothing is called {kind}")
    group = FailureGroup.objects.filter(pk=_number(request.GET.get("group") or request.POST.get("group")) or 0).first()
    ids = chosen if chosen is not None else _chosen(request, group)
    told = preview(Operation(kind=kind), ids)
    question = Question(
        title=TITLES[Kind(kind)],
        submit=SUBMITS[Kind(kind)],
        permission=PERMISSIONS[Kind(kind)],
        back=_back(ids, group),
        act=lambda answer: _act(request, kind, group, answer),
        # The list of deliveries asks at its own address; what it chose goes on here.
        action=reverse("admin:outbox_delivery_operate", args=[kind]),
        form=_form_for(kind, told),
        initial={
            "deliveries": ",".join(map(str, ids)),
            "group": group and group.pk,
            "canary": True,
            "rate": USUAL_RATE,
        },
        context={"preview": told, "paused": _paused(ids), "nothing_to_do": not _may_happen(kind, told)},
    )
    return ask(request, question)


def _chosen(request: HttpRequest, group: FailureGroup | None) -> list[int]:
    """By what the address names: deliveries, those of an event, an order's failed ones, a group's open ones …"""
    if "answered" in request.POST:
        return [number for id in request.POST.get("deliveries", "").split(",")[: MOST + 1] if (number := _number(id))]
    if group:
        found = choosing.open_of_group(group)
        return found[:1] if "one" in request.GET else found
    if order := _uuid(request.GET.get("order")):
        return choosing.failed_of_order(order)
    if number := _number(request.GET.get("event")):
        return choosing.of_event(number)
    if number := _number(request.GET.get("operation")):
        return choosing.not_through(Operation(pk=number))
    return [number for id in request.GET.get("deliveries", "").split(",") if (number := _number(id))]


def _number(text: str | None) -> int | None:
    """A row's number; None for anything that is none, which then finds nothing."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _back(ids: Sequence[int], group: FailureGroup | None) -> str:
    if group:
        return reverse("admin:outbox_failuregroup_change", args=[group.pk])
    if len(ids) == 1:
        return reverse("admin:outbox_delivery_change", args=[ids[0]])
    return reverse("admin:outbox_delivery_changelist")


def _may_happen(kind: str, told: Preview) -> bool:
    """Whether anything would happen, or might if more is asked for."""
    on_demand = {ItemOutcome.ALREADY_DONE} if kind == Kind.REDELIVER else set()
    return bool(told.verdicts.keys() & (HAPPENS | {ItemOutcome.IN_DOUBT} | on_demand))


def _paused(ids: Sequence[int]) -> list[str]:
    reactions = Delivery.objects.filter(pk__in=ids).values("reaction")
    return list(Reaction.objects.filter(pk__in=reactions, paused=True).order_by("pk").values_list("pk", flat=True))


def _form_for(kind: str, told: Preview) -> type[forms.Form]:
    """The form with the questions that make sense for this choice."""
    again = kind in (Kind.REDELIVER, Kind.RELEASE)
    needless = {
        "canary": not again or told.deliveries < 2,
        "rate": not again or told.deliveries < 2,
        "done_too": kind != Kind.REDELIVER or not told.count(ItemOutcome.ALREADY_DONE),
        "in_doubt_too": not again or not told.count(ItemOutcome.IN_DOUBT),
    }
    fields: dict[str, Any] = {name: None for name, is_so in needless.items() if is_so}
    return type("Form", (DeliveriesForm,), fields | {"reason": reason_field(required=kind in NEED_A_REASON)})


def _act(request: HttpRequest, kind: str, group: FailureGroup | None, answer: dict[str, Any]) -> Done:
    operation = request_operation(
        Operation(
            kind=kind,
            actor=actor_of(request),
            reason=answer["reason"],
            group=group,
            canary=answer.get("canary", False),
            rate=answer.get("rate"),
            done_too=answer.get("done_too", False),
            in_doubt_too=answer.get("in_doubt_too", False),
        ),
        answer["deliveries"],
    )
    said = f"{operation.get_kind_display()}: operation {operation.pk}. {operation.reason}".strip()
    deliveries = Delivery.objects.filter(pk__in=answer["deliveries"])
    log(request, [operation, *deliveries], said)
    log_on_orders(request, (delivery.order_id for delivery in deliveries), said)
    leads_to = reverse("admin:outbox_operation_change", args=[operation.pk])
    return Done("Requested. What becomes of each delivery is told here as it is known.", leads_to)
