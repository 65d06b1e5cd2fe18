"""Operations: every action of the staff, how far it is, and what came of it; and the notes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from outbox.admin.asking import LONGEST_REASON, Done, PlainForm, Question, actor_of, ask, log, log_on_orders
from outbox.admin.bounded_paginator import BoundedPaginator
from outbox.admin.links import order_url
from outbox.admin.marks import mark, outcome_mark
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.revealing import reveal
from outbox.admin.times import stamp
from outbox.admin.tools import Tool, tool
from outbox.models import Operation
from outbox.operations import requesting
from outbox.operations.models import ItemOutcome, Kind

ITEMS_A_PAGE = 100
OPEN = {ItemOutcome.PLANNED, ItemOutcome.RELEASED}


class NoteForm(forms.Form):
    """What to write down."""

    text = forms.CharField(
        label="Note", max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 5, "cols": 60})
    )


class ProgressFilter(admin.SimpleListFilter):
    """Whether the outcome of all of its deliveries is known."""

    title = "progress"
    parameter_name = "progress"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "under way"), ("over", "over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(closed_at__isnull=self.value() == "open") if self.value() else queryset


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    list_display = ("id", "what", "outcomes", "who", "why")
    list_display_links = ("id", "what")
    list_filter = ("kind", ProgressFilter)
    ordering = ("-id",)
    search_fields = ("=actor",)
    search_help_text = "Who acted, such as staff:sue"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:operation_id>/stop/", view(stop), name="outbox_operation_stop"),
            path("note/<uuid:order_id>/", view(note_on_order), name="outbox_note_on_order"),
            path("reveal/<uuid:order_id>/", view(reveal), name="outbox_reveal"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, obj: Operation) -> dict[str, Any]:
        items = obj.items.order_by("pk").select_related("delivery")
        if (outcome := request.GET.get("outcome")) in ItemOutcome.values:
            items = items.filter(outcome=outcome)
        pages = BoundedPaginator(items, ITEMS_A_PAGE)
        total = sum(obj.counts.values())
        return {
            "tools": tools_of(request, obj),
            "shown": outcome if outcome in ItemOutcome.values else "",
            "items": pages.get_page(request.GET.get("p")),
            "total": total,
            "known": total - sum(obj.counts.get(outcome, 0) for outcome in OPEN),
            "state": state_of(obj),
            "order_url": order_url(obj.order_id) if obj.order_id else "",
            "title": "Operation",
        }

    @admin.display(description="outcome")
    def outcomes(self, operation: Operation) -> SafeString:
        counts = operation.counts
        found = [(counts[outcome], outcome_mark(outcome)) for outcome in ItemOutcome.values if outcome in counts]
        words = format_html_join(", ", "{} {}", found) or operation.outcome
        return format_html('{}<span class="since">{}</span>', state_of(operation), words)

    @admin.display(description="who, when")
    def who(self, operation: Operation) -> SafeString:
        return format_html('{}<span class="since">{}</span>', operation.actor, stamp(operation.requested_at)[:19])

    @admin.display(description="reason")
    def why(self, operation: Operation) -> str:
        return Truncator(operation.reason).chars(80)


def state_of(operation: Operation) -> SafeString:
    """Returns how far an operation is, as a mark."""
    if operation.closed_at is None:
        if operation.stop_requested_at:
            return mark("stopping", "■", "busy")
        return mark("under way", "▶", "busy")
    if operation.counts.get(ItemOutcome.FAILED_AGAIN) or operation.counts.get(ItemOutcome.IN_DOUBT):
        return mark("over, not all well", "✕", "bad")
    return mark("over", "✓", "good")


def tools_of(request: HttpRequest, operation: Operation) -> list[Tool]:
    """Returns what can be done about an operation: stop it, or run again what did not go through."""
    if operation.closed_at is None and not operation.stop_requested_at:
        return [tool(request, "Stop", permission_to_stop(operation), "outbox_operation_stop", operation.pk)]
    if operation.counts.get(ItemOutcome.FAILED_AGAIN) or operation.counts.get(ItemOutcome.STOPPED):
        again = ("outbox_delivery_operate", Kind.REDELIVER)
        return [tool(request, "Deliver again what failed", "outbox.redeliver", *again, operation=operation.pk)]
    return []


def permission_to_stop(operation: Operation) -> str:
    """Whoever may begin such an operation may stop one."""
    return {Kind.SKIP: "outbox.skip", Kind.PARK: "outbox.park"}.get(Kind(operation.kind), "outbox.redeliver")


def stop(request: HttpRequest, operation_id: int) -> HttpResponse:
    """Asks whether to stop an operation, and does."""
    operation = get_object_or_404(Operation, pk=operation_id)
    page = reverse("admin:outbox_operation_change", args=[operation.pk])

    def act(answer: dict[str, Any]) -> Done:
        requesting.stop(operation, actor=actor_of(request))
        log(request, [operation], "Stopped.")
        return Done("Stopped. What it had begun goes on.", page)

    return ask(
        request,
        Question(
            title=f"Stop operation {operation.pk}?",
            lead="It begins nothing more. What it has begun goes on, and is told here.",
            submit="Stop it",
            permission=permission_to_stop(operation),
            back=page,
            form=PlainForm,
            act=act,
        ),
    )


def note_on_order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Asks for a note on an order, and keeps it."""

    def act(answer: dict[str, Any]) -> Done:
        requesting.write_note(answer["text"], actor=actor_of(request), order_id=order_id)
        log_on_orders(request, [order_id], "Wrote a note.")
        return Done("Noted.", order_url(order_id))

    return ask(
        request,
        Question(
            title="Add a note to the order",
            submit="Add the note",
            permission="outbox.write_note",
            back=order_url(order_id),
            form=NoteForm,
            act=act,
        ),
    )
