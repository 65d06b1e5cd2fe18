"""Failure groups: what fails of one cause, how often, since when, and what can be done about all of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, F, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from outbox.admin.asking import Done, PlainForm, Question, actor_of, ask, log
from outbox.admin.links import breakable, reaction_link
from outbox.admin.marks import mark
from outbox.admin.operations import NoteForm
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import since, stamp
from outbox.admin.tools import Tool, tool
from outbox.models import Attempt, Delivery, FailureGroup, FailureHour, Operation
from outbox.operations import requesting
from outbox.operations.models import Kind

OPEN = ("waiting", "dispatched", "parked")
SHOWN = 50
HOURS = 24

PICTURE = (
    '<svg class="hours" viewBox="0 0 120 30" preserveAspectRatio="none" role="img" aria-label="{}">'
    '<rect class="base" y="28" width="120" height="1"></rect>{}</svg> {}'
)
OPEN_ONES = Delivery.objects.filter(failure_group=OuterRef("pk"), state__in=OPEN).order_by().values("failure_group")
RETRYING = Operation.objects.filter(group=OuterRef("pk"), closed_at=None)
STATES = {
    "open": mark("open", "!", "bad"),
    "came back": mark("came back", "↺", "bad"),
    "retrying": mark("retrying", "▶", "busy"),
    "fixed": mark("fixed", "✓", "good"),
    "muted": mark("muted", "–", "quiet"),  # noqa: RUF001  # a dash on purpose
}


class StateFilter(admin.SimpleListFilter):
    """What is muted is shown only to those who ask for it."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "muted":
            return queryset.exclude(muted_at=None)
        groups = queryset.filter(muted_at=None)
        is_open, retrying, back = Exists(OPEN_ONES), Exists(RETRYING), {"fixed_at__lt": F("last_seen")}
        match self.value():
            case "fixed":
                return groups.filter(~is_open)
            case "retrying":
                return groups.filter(is_open, retrying)
            case "came back":
                return groups.filter(is_open, ~retrying, **back)
            case "open":
                return groups.filter(is_open, ~retrying).exclude(**back)
        return groups


def state_of(group: Any) -> str:
    """Returns the state of a group that was read with `open_now` and `retrying`."""
    if group.muted_at:
        return "muted"
    if not group.open_now:
        return "fixed"
    if group.retrying:
        return "retrying"
    return "came back" if group.fixed_at and group.last_seen > group.fixed_at else "open"


@admin.register(FailureGroup)
class FailureGroupAdmin(ReadOnlyAdmin):
    list_display = ("cause", "state", "reaction_", "open_", "seen", "in_24_hours")
    list_filter = (StateFilter, "reaction")
    ordering = ("-last_seen", "-id")
    search_fields = ("exception", "frame")
    search_help_text = "A part of the exception or of the place in the code"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        recent = FailureHour.objects.filter(hour__gt=timezone.now() - timedelta(hours=HOURS))
        groups: QuerySet[Any] = super().get_queryset(request).prefetch_related(Prefetch("hours", recent, "recent"))
        counted: QuerySet[Any] = groups.annotate(
            open_now=Subquery(OPEN_ONES.annotate(n=Count("pk")).values("n")),
            orders_now=Subquery(OPEN_ONES.annotate(n=Count("order_id", distinct=True)).values("n")),
            retrying=Exists(RETRYING),
        )
        return counted

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:group_id>/note/", view(note_on_group), name="outbox_failuregroup_note"),
            path("<int:group_id>/mute/", view(mute), name="outbox_failuregroup_mute"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        deliveries = Delivery.objects.filter(failure_group=obj, state__in=OPEN).order_by("pk")
        return {
            "state": STATES[state_of(obj)],
            "bar": bar_of(obj),
            "tools": tools_of(request, obj),
            "sample": Attempt.objects.filter(delivery=obj.last_delivery_id).order_by("-pk").first(),
            "open_ones": deliveries[:SHOWN],
            "notes": obj.notes.order_by("-pk")[:SHOWN],
            "operations": Operation.objects.filter(group=obj).order_by("-pk")[:SHOWN],
            "title": "Failure group",
        }

    @admin.display(description="cause")
    def cause(self, group: FailureGroup) -> SafeString:
        words = '<span class="cause">{}<span class="frame">{}</span></span>'
        return format_html(words, group.exception, breakable(group.frame))

    @admin.display(description="state")
    def state(self, group: FailureGroup) -> SafeString:
        return STATES[state_of(group)]

    @admin.display(description="reaction")
    def reaction_(self, group: FailureGroup) -> SafeString:
        return reaction_link(group.reaction_id)

    @admin.display(description="open now")
    def open_(self, group: Any) -> str:
        return f"{group.open_now} of {group.orders_now} orders" if group.open_now else "none"

    @admin.display(description="last 24 h")
    def in_24_hours(self, group: FailureGroup) -> SafeString:
        return bar_of(group)

    @admin.display(description="seen")
    def seen(self, group: FailureGroup) -> SafeString:
        words = '{} ago<span class="since">first {}</span>'
        return format_html(words, since(group.last_seen), stamp(group.first_seen)[:16])


def bar_of(group: Any) -> SafeString:
    """Returns how often it failed in each of the last 24 hours as a picture, whose label says the sum and the most."""
    now = timezone.now()
    failures = [0] * HOURS
    for hour in group.recent:
        failures[max(0, HOURS - 1 - int((now - hour.hour).total_seconds() // 3600))] += hour.failures
    most = max(failures)
    heights = [round(28 * count / most) if most else 0 for count in failures]
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="4" height="{}"></rect>',
        ((n * 5, 28 - max(height, 2), max(height, 2)) for n, height in enumerate(heights) if failures[n]),
    )
    label = f"{sum(failures)} failures in the last 24 hours, {most} at most in one of them"
    return format_html(PICTURE, label, bars, sum(failures))


def tools_of(request: HttpRequest, group: Any) -> list[Tool]:
    """Returns what can be done about a group; about its deliveries only while some are open."""
    operate = "outbox_delivery_operate"
    about_open = [
        tool(request, "Try one", "outbox.redeliver", operate, Kind.REDELIVER, group=group.pk, one=1),
        tool(request, "Deliver all again", "outbox.redeliver", operate, Kind.REDELIVER, group=group.pk),
        tool(request, "Park all", "outbox.park", operate, Kind.PARK, group=group.pk),
        tool(request, "Skip all", "outbox.skip", operate, Kind.SKIP, group=group.pk),
    ]
    return [
        *(about_open if group.open_now else []),
        tool(
            request, "Unmute" if group.muted_at else "Mute", "outbox.write_note", "outbox_failuregroup_mute", group.pk
        ),
        tool(request, "Add a note", "outbox.write_note", "outbox_failuregroup_note", group.pk),
    ]


def note_on_group(request: HttpRequest, group_id: int) -> HttpResponse:
    """Asks for a note on a failure group, and keeps it."""
    group = get_object_or_404(FailureGroup, pk=group_id)
    page = reverse("admin:outbox_failuregroup_change", args=[group.pk])

    def act(answer: dict[str, Any]) -> Done:
        requesting.write_note(answer["text"], actor=actor_of(request), group=group)
        log(request, [group], "Wrote a note.")
        return Done("Noted.", page)

    question = Question(
        title="Add a note to the failure group",
        submit="Add the note",
        permission="outbox.write_note",
        back=page,
        form=NoteForm,
        act=act,
    )
    return ask(request, question)


def mute(request: HttpRequest, group_id: int) -> HttpResponse:
    """Asks whether to take a group out of the list, or to put it back, and does."""
    group = get_object_or_404(FailureGroup, pk=group_id)
    page = reverse("admin:outbox_failuregroup_change", args=[group.pk])
    word = "Unmute" if group.muted_at else "Mute"

    def act(answer: dict[str, Any]) -> Done:
        operation = requesting.mute(group, actor=actor_of(request), muted=not group.muted_at)
        log(request, [group, operation], f"{word}d.")
        return Done(f"{word}d.", page)

    question = Question(
        title=f"{word} this failure group?",
        lead=""
        if group.muted_at
        else "It leaves the list, and goes on to be counted. Its deliveries stay as they are.",
        submit=word,
        permission="outbox.write_note",
        back=page,
        form=PlainForm,
        act=act,
    )
    return ask(request, question)
