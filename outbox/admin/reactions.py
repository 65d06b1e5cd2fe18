"""Reactions: who listens to what, and what each has promised to answer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from outbox.admin.links import breakable
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.models import Reaction


@admin.register(Reaction)
class ReactionAdmin(ReadOnlyAdmin):
    list_display = ("name", "hears", "may_emit", "within", "is_effect", "paused", "retired_at")
    list_filter = ("app", "is_effect", "paused", ("retired_at", admin.EmptyFieldListFilter))
    ordering = ("id",)
    search_fields = ("id", "description")
    search_help_text = "A part of the name or of the description"
    fieldsets = (
        (None, {"fields": ("id", "description", "app", "queue", "source")}),
        ("Contract", {"fields": ("reads", "may_emit", "may_also", "within")}),
        ("Subscriptions", {"fields": ("hears",)}),
        ("Dispatching", {"fields": ("batch_size", "credit", "folds", "is_effect", "paused", "retired_at")}),
    )
    readonly_fields = ("reads", "may_emit", "may_also", "within", "hears")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("subscriptions")

    @admin.display(description="reaction")
    def name(self, reaction: Reaction) -> SafeString:
        return breakable(reaction.id)

    @admin.display(description="hears")
    def hears(self, reaction: Reaction) -> SafeString | str:
        return _lines(_subscriptions(reaction)) or "nothing"

    @admin.display(description="reads")
    def reads(self, reaction: Reaction) -> SafeString | str:
        return _lines([f"{event}: {', '.join(fields)}" for event, fields in reaction.contract.get("reads", {}).items()])

    @admin.display(description="may emit")
    def may_emit(self, reaction: Reaction) -> SafeString | str:
        return _lines(reaction.contract.get("emits", [])) or "nothing"

    @admin.display(description="may also")
    def may_also(self, reaction: Reaction) -> str:
        possible = {"may_ignore": "ignore an event", "may_wait": "wait for another event"}
        return ", ".join(words for key, words in possible.items() if reaction.contract.get(key)) or "-"

    @admin.display(description="answers within")
    def within(self, reaction: Reaction) -> str:
        return f"{reaction.contract.get('within_s', 0):g} s"


def _subscriptions(reaction: Reaction) -> list[str]:
    lines = []
    for subscription in sorted(reaction.subscriptions.all(), key=lambda subscription: subscription.event_name):
        delay = f", {subscription.after_seconds:g} s later" if subscription.after_seconds else ""
        until = f", not before its {subscription.after_field}" if subscription.after_field else ""
        since = f", from #{subscription.since + 1} on" if subscription.since else ""
        lines.append(f"{subscription.event_name}{delay}{until}{since}")
    return lines


def _lines(texts: list[str]) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((breakable(text),) for text in texts))
