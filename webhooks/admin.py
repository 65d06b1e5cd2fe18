"""Endpoints and what was sent to them, to be looked at; an endpoint's page may disable or enable it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from outbox.admin import Done, OfOrderAdmin, PlainForm, Question, ReadOnlyAdmin, Refused, Tone, Tool, ask, mark, stamp
from webhooks import services
from webhooks.models import Attempt, Endpoint, Webhook

GLYPHS: dict[str, tuple[str, Tone]] = {
    Endpoint.State.ENABLED: ("✓", "good"),
    Endpoint.State.DISABLED: ("✕", "bad"),
    Endpoint.State.DELETED: ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
    Webhook.State.PENDING: ("○", "busy"),
    Webhook.State.DELIVERED: ("✓", "good"),
    Webhook.State.FAILED: ("✕", "bad"),
    Webhook.State.DROPPED: ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
}


CHANGE = "webhooks.change_endpoint"


@dataclass(frozen=True)
class Switch:
    """What staff can do with an endpoint, by its id; done twice it is done once."""

    lead: str
    done: str
    act: Callable[[UUID], object]


SWITCHES = {
    "disable": Switch(
        "nothing is sent to it any more, until staff enables it again.", "Disabled.", services.disable_endpoint
    ),
    "enable": Switch("it counts as sound, and is sent what happens from now on.", "Enabled.", services.enable_endpoint),
}


def state_mark(state: str) -> SafeString:
    glyph, tone = GLYPHS.get(state, ("?", "bad"))
    return mark(state, glyph, tone)


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """Its secrets are shown to nobody here."""

    list_display = ("url", "owner", "orders", "state_", "failing_since", "created")
    list_filter = ("state", "orders")
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")
    search_fields = ("url", "owner__username")
    search_help_text = "A part of the URL or of the owner's name"
    exclude = ("secret", "previous_secret")

    def get_urls(self) -> list[URLPattern]:
        switch = self.admin_site.admin_view(self.switch)
        pages = [
            path(f"<uuid:endpoint_id>/{action}/", switch, {"action": action}, name="webhooks_endpoint_switch")
            for action in SWITCHES
        ]
        return [*pages, *super().get_urls()]

    def switch(self, request: HttpRequest, endpoint_id: UUID, action: str) -> HttpResponse:
        """Asks whether to `disable` or to `enable` the endpoint, and does it."""
        endpoint = get_object_or_404(Endpoint.objects.exclude(state=Endpoint.State.DELETED), pk=endpoint_id)
        switch = SWITCHES[action]
        page = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])

        def act(answer: dict[str, Any]) -> Done:
            try:
                switch.act(endpoint.pk)
            except Endpoint.DoesNotExist as gone:
                raise Refused("Its owner has deleted it.") from gone
            self.log_change(request, endpoint, switch.done)
            return Done(switch.done, page)

        question = Question(
            title=f"{action.title()} this endpoint?",
            lead=f"{endpoint.url}: {switch.lead}",
            submit=f"{action.title()} it",
            permission=CHANGE,
            back=page,
            form=PlainForm,
            act=act,
        )
        return ask(request, question)

    def page_context(self, request: HttpRequest, obj: Endpoint) -> dict[str, Any]:
        return {"title": "Webhook endpoint", "tools": [_tool(request, obj, action) for action in _actions(obj)]}

    @admin.display(description="state")
    def state_(self, endpoint: Endpoint) -> SafeString:
        return state_mark(endpoint.state)

    @admin.display(description="created")
    def created(self, endpoint: Endpoint) -> str:
        return stamp(endpoint.created_at)


def _actions(endpoint: Endpoint) -> list[str]:
    """What staff may do: also disable what somebody else has disabled, so that its owner cannot enable it."""
    enable = ["enable"] if endpoint.state == Endpoint.State.DISABLED else []
    disable = ["disable"] if endpoint.disabled_because != Endpoint.Because.STAFF else []
    return [] if endpoint.state == Endpoint.State.DELETED else [*enable, *disable]


def _tool(request: HttpRequest, endpoint: Endpoint, action: str) -> Tool:
    url = reverse("admin:webhooks_endpoint_switch", kwargs={"endpoint_id": endpoint.pk, "action": action})
    return Tool(label=action.title(), url=url, permission=CHANGE, allowed=request.user.has_perm(CHANGE))


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]  # generic only in the stubs
    """Every try, as it was."""

    model = Attempt
    fields = readonly_fields = ("made_at", "status", "error", "milliseconds")
    extra = 0
    can_delete = False
    ordering = ("id",)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.has_perm("webhooks.view_webhook"))


@admin.register(Webhook)
class WebhookAdmin(OfOrderAdmin):
    list_display = ("event_type", "order", "endpoint", "state_", "tries", "created")
    list_filter = ("state", "event_type")
    list_display_links = ("event_type",)
    list_select_related = ("endpoint",)
    ordering = ("-created_at", "-id")
    search_fields = ("=order_id", "=event_id", "=endpoint__id")
    search_help_text = "The id of an order, an event, or an endpoint"
    inlines = (AttemptInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("body")

    @admin.display(description="state")
    def state_(self, webhook: Webhook) -> SafeString:
        return state_mark(webhook.state)

    @admin.display(description="created")
    def created(self, webhook: Webhook) -> str:
        return stamp(webhook.created_at)
