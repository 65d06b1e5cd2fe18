"""Reactions: who listens to what, and what each has promised to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from outbox.admin.choreography import choreography_urls
from outbox.admin.links import breakable, event_type_link
from outbox.admin.marks import mark
from outbox.admin.pausing import pause, resume
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.silence import silence_urls
from outbox.admin.times import in_words, since
from outbox.admin.tools import tool
from outbox.models import Reaction
from outbox.subscriptions import ASLEEP

# Of what is due, no more than this is counted.
MOST_LAG = 10_000
BEHIND = """
(SELECT count(*) FROM (SELECT 1 FROM outbox_delivery d WHERE d.reaction_id = outbox_reaction.id
                       AND d.state = 'waiting' AND d.due_at <= statement_timestamp() LIMIT %s) AS due)
"""
OLDEST = """
(SELECT min(d.due_at) FROM outbox_delivery d
 WHERE d.reaction_id = outbox_reaction.id AND d.state = 'waiting' AND d.due_at <= statement_timestamp())
"""
# What it has got through in the last minute, by the newest dispatches: these lie together at the end of their index.
PACE = """
(SELECT coalesce(sum(x.size), 0) FROM (SELECT * FROM outbox_dispatch ORDER BY id DESC LIMIT 2000) AS x
 WHERE x.reaction_id = outbox_reaction.id AND x.closed_at > statement_timestamp() - interval '1 minute')
"""


@admin.register(Reaction)
class ReactionAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "hears", "may_emit", "within", "is_effect")
    list_filter = ("app", "is_effect", "paused", ("retired_at", admin.EmptyFieldListFilter))
    ordering = ("id",)
    search_fields = ("id", "description")
    search_help_text = "A part of the name or of the description"
    fieldsets = (
        (None, {"fields": ("id", "state", "description", "app", "queue", "source")}),
        ("Contract", {"fields": ("reads", "may_emit", "may_also", "within")}),
        ("Subscriptions", {"fields": ("hears",)}),
        ("Dispatching", {"fields": ("batch_size", "credit", "folds", "is_effect", "retired_at")}),
    )
    readonly_fields = ("state", "reads", "may_emit", "may_also", "within", "hears")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        behind = {
            "behind_by": RawSQL(BEHIND, [MOST_LAG]),  # noqa: S611  # a constant
            "oldest_due": RawSQL(OLDEST, []),  # noqa: S611
            "pace": RawSQL(PACE, []),  # noqa: S611
        }
        reactions: QuerySet[Any] = super().get_queryset(request).annotate(**behind)
        return reactions.prefetch_related("subscriptions")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *choreography_urls(self.admin_site),
            *silence_urls(self.admin_site),
            path("pause/<path:reaction_id>/", view(pause), name="outbox_reaction_pause"),
            path("resume/<path:reaction_id>/", view(resume), name="outbox_reaction_resume"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, obj: Reaction) -> dict[str, Any]:
        word = "resume" if obj.paused else "pause"
        one = tool(request, word.capitalize(), "outbox.pause_reaction", f"outbox_reaction_{word}", obj.pk)
        return {"tools": [] if obj.retired_at else [one]}

    @admin.display(description="state")
    def state(self, reaction: Any) -> SafeString:
        if reaction.retired_at:
            return mark("retired", "∅", "quiet")
        running = mark("paused", "‖", "bad") if reaction.paused else mark("running", "▶", "good")
        return format_html_join("", "<div>{}</div>", ((line,) for line in (running, *_lag(reaction))))

    @admin.display(description="reaction")
    def name(self, reaction: Reaction) -> SafeString:
        return breakable(reaction.id)

    @admin.display(description="hears")
    def hears(self, reaction: Reaction) -> SafeString | str:
        return _lines(_subscriptions(reaction)) or "nothing"

    @admin.display(description="reads")
    def reads(self, reaction: Reaction) -> SafeString | str:
        return _lines((name, f": {', '.join(fields)}") for name, fields in reaction.contract.get("reads", {}).items())

    @admin.display(description="may emit")
    def may_emit(self, reaction: Reaction) -> SafeString | str:
        return _lines((name, "") for name in reaction.contract.get("emits", [])) or "nothing"

    @admin.display(description="may also")
    def may_also(self, reaction: Reaction) -> str:
        possible = {"may_ignore": "ignore an event", "may_wait": "wait for another event"}
        return ", ".join(words for key, words in possible.items() if reaction.contract.get(key)) or "-"

    @admin.display(description="answers within")
    def within(self, reaction: Reaction) -> str:
        return f"{reaction.contract.get('within_s', 0):g} s"


def _lag(reaction: Any) -> list[str]:
    """How far it is behind, and how long it takes to catch up at the pace of the last minute; nothing if it is not."""
    if not reaction.behind_by:
        return []
    more = " or more" if reaction.behind_by == MOST_LAG else ""
    behind = f"{reaction.behind_by:,}{more} behind, by {since(reaction.oldest_due)}"
    if reaction.paused or not reaction.pace:
        return [behind]
    return [behind, f"about {in_words(timedelta(minutes=reaction.behind_by / reaction.pace))} to catch up"]


def _subscriptions(reaction: Reaction) -> Iterator[tuple[str, str]]:
    """The events that it hears, each with from when on it does, and how much later."""
    for subscription in sorted(reaction.subscriptions.all(), key=lambda subscription: subscription.event_name):
        delay = f", {subscription.after_seconds:g} s later" if subscription.after_seconds else ""
        until = f", not before its {subscription.after_field}" if subscription.after_field else ""
        since = f", from #{subscription.since + 1} on" if subscription.since else ""
        since = ", asleep" if subscription.since == ASLEEP else since
        yield subscription.event_name, f"{delay}{until}{since}"


def _lines(events: Iterable[tuple[str, str]]) -> SafeString:
    """Names of events as links, each on a line with what is said of it."""
    return format_html_join("", "<div>{}{}</div>", ((event_type_link(name), words) for name, words in events))
