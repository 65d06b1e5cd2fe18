"""Payments and their refunds, to be looked at; what has failed can be tried again, or settled in another way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize

from outbox import Money
from outbox.admin import Done, OfOrderAdmin, OptionalReasonForm, Question, ReasonForm, acting, ask, stamp
from payments import services
from payments.models import Payment, Refund

AGAIN = "Try the failed refund again"
OTHERWISE = "It was settled in another way"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What staff can do about refunds that have failed: `act` does it for one, by its id."""

    action: str
    title: str
    lead: str
    submit: str
    about: str
    done: str
    act: Callable[[UUID], object]
    form: type[forms.Form] = OptionalReasonForm


def again(act: Callable[[UUID], object]) -> Remedy:
    return Remedy(
        action="refund_again",
        title="Try again?",
        lead="Each refund that has failed is asked for once more, under a new key of the provider's.",
        submit="Try again",
        about="try the failed refund again",
        done="started",
        act=act,
    )


SETTLED_OTHERWISE = Remedy(
    action="settled_otherwise",
    title="Settled in another way?",
    lead="Each refund that has failed is owed no more, and cannot be tried again; the provider is not asked. Should "
    "the order be cancelled one day, all that the provider still has of its money goes back.",
    submit="It is settled",
    about="settle the failed refund in another way",
    done="settled",
    act=lambda pk: services.drop_part(refund_id=pk),
    form=ReasonForm,
)


class RefundingAdmin(OfOrderAdmin):
    """A list of what the provider may have refused to give back."""

    actions: Any = ("refund_again",)
    list_filter: ClassVar[tuple[str, ...]] = ("state",)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.refund")

    def ask_about(self, request: HttpRequest, chosen: QuerySet[Any], remedy: Remedy) -> HttpResponse:
        """Asks whether to do this to each of the chosen, and does it when that is confirmed."""
        ids = list(chosen.order_by("order_id").values_list("pk", "order_id"))
        back = request.get_full_path()
        question = Question(
            title=remedy.title,
            lead=f"Chosen: {len(ids)}. {remedy.lead}",
            submit=remedy.submit,
            permission="payments.refund",
            back=back,
            form=_form_for(remedy, [str(pk) for pk, _ in ids]),
            act=lambda answer: Done(self._apply(request, ids, remedy, answer["reason"]), back),
        )
        return ask(request, question)

    def _apply(self, request: HttpRequest, ids: list[tuple[UUID, UUID]], remedy: Remedy, reason: str) -> str:
        """Does it to each that it can be done to; says which it cannot, and returns how many were done."""
        done = 0
        for pk, order_id in ids:
            try:
                with acting(request, remedy.about, order_id=order_id, reason=reason):
                    remedy.act(pk)
                done += 1
            except (services.NothingToRefund, services.NotTheAmount) as refused:
                self.message_user(request, f"{pk}: {refused}", messages.WARNING)
        return f"{done} refund{pluralize(done)} {remedy.done}."


def _form_for(remedy: Remedy, ids: list[str]) -> type[forms.Form]:
    """The form that asks, and which brings the choice from the list back to the list."""
    chosen = forms.MultipleChoiceField(
        choices=[(id, id) for id in ids], initial=ids, widget=forms.MultipleHiddenInput, required=False
    )
    action = forms.CharField(initial=remedy.action, widget=forms.HiddenInput)
    return type("ChosenForm", (remedy.form,), {ACTION_CHECKBOX_NAME: chosen, "action": action})


@admin.register(Payment)
class PaymentAdmin(RefundingAdmin):
    list_display = ("order", "state", "due", "gone_back", "method", "refused_with", "since")
    ordering = ("-state_since", "-id")

    @admin.display(description="given back")
    def gone_back(self, payment: Payment) -> str:
        return str(Money(amount=payment.given_back, currency=payment.currency)) if payment.given_back else "-"

    @admin.display(description="since")
    def since(self, payment: Payment) -> str:
        return stamp(payment.state_since)

    @admin.display(description="refused with")
    def refused_with(self, payment: Payment) -> str:
        return payment.refund_code or payment.decline_code or "-"

    @admin.action(description=AGAIN, permissions=["refund"])
    def refund_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.ask_about(request, queryset, again(lambda pk: services.retry_refund(payment_id=pk)))


@admin.register(Refund)
class RefundAdmin(RefundingAdmin):
    actions = ("refund_again", "settled_otherwise")
    list_display = ("order", "state", "money", "reason", "code", "requested_at")
    list_filter = ("state", "reason")
    list_select_related = ("payment",)
    ordering = ("-requested_at", "-id")

    @admin.action(description=AGAIN, permissions=["refund"])
    def refund_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.ask_about(request, queryset, again(lambda pk: services.retry_part(refund_id=pk)))

    @admin.action(description=OTHERWISE, permissions=["refund"])
    def settled_otherwise(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.ask_about(request, queryset, SETTLED_OTHERWISE)
