"""Silence: the page of contracts that are broken although no error says so."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from outbox.admin.muting import mute, unmute
from outbox.silence import MOST_DELIVERIES, MOST_EVENTS, SHOWN, silence


def silence_urls(site: AdminSite) -> list[URLPattern]:
    """Returns the URLs of the page and of what can be done on it, to stand before those of the reactions."""

    def page(request: HttpRequest) -> HttpResponse:
        return silence_page(request, site)

    return [
        path("silence/", site.admin_view(page), name="outbox_silence"),
        path("silence/<path:reaction_id>/mute/", site.admin_view(mute), name="outbox_contract_mute"),
        path("silence/<path:reaction_id>/unmute/", site.admin_view(unmute), name="outbox_contract_unmute"),
    ]


def silence_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Shows, to whoever may see deliveries and events, what was promised and has not come."""
    if not request.user.has_perms(["outbox.view_event", "outbox.view_delivery"]):
        raise PermissionDenied
    limits = {"shown": SHOWN, "most_events": f"{MOST_EVENTS:,}", "most_deliveries": f"{MOST_DELIVERIES:,}"}
    context = {**site.each_context(request), "title": "Silence", "silence": silence(), **limits}
    return TemplateResponse(request, "outbox/silence.html", context)
