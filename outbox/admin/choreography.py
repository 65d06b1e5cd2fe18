"""The choreography map: its page, and the files that one can take away."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from outbox.diagrams.choreography import declared_choreography
from outbox.diagrams.findings import findings_about
from outbox.diagrams.mermaid import flowchart_of
from outbox.diagrams.observed import Observed, observed_within
from outbox.diagrams.rails import map_of

WINDOWS = {"hour": ("in the last hour", timedelta(hours=1)), "day": ("in the last 24 hours", timedelta(days=1))}
USUAL = "day"


def choreography_urls(site: AdminSite) -> list[URLPattern]:
    """Returns the URLs of the map, to stand before those of the reactions."""

    def page(request: HttpRequest) -> HttpResponse:
        return choreography_page(request, site)

    return [
        path("map/", site.admin_view(page), name="outbox_choreography"),
        path("map.svg", site.admin_view(choreography_as_svg), name="outbox_choreography_svg"),
        path("map.mmd", site.admin_view(choreography_as_mermaid), name="outbox_choreography_mermaid"),
    ]


def choreography_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Shows what is declared, what was seen of it, and what is noteworthy about both."""
    _must_see_events(request)
    choreography, observed = declared_choreography(), _observed(request)
    context = {
        **site.each_context(request),
        "title": "Choreography map",
        "map": map_of(choreography, observed),
        "observed": observed,
        "findings": findings_about(choreography, observed),
        "window": _window(request),
        "windows": {word: name for word, (name, _) in WINDOWS.items()},
    }
    return TemplateResponse(request, "outbox/choreography.html", context)


def choreography_as_svg(request: HttpRequest) -> HttpResponse:
    """Returns the map as a file that needs no stylesheet."""
    _must_see_events(request)
    drawn = map_of(declared_choreography(), _observed(request))
    svg = render_to_string("outbox/diagrams/rails.html", {"map": drawn, "is_file": True})
    return _file(svg.strip(), "image/svg+xml", "choreography.svg")


def choreography_as_mermaid(request: HttpRequest) -> HttpResponse:
    """Returns what is declared as a flowchart in Mermaid."""
    _must_see_events(request)
    return _file(flowchart_of(declared_choreography()), "text/plain; charset=utf-8", "choreography.mmd")


def _file(content: str, media_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=media_type, headers=headers)


def _must_see_events(request: HttpRequest) -> None:
    if not request.user.has_perm("outbox.view_event"):
        raise PermissionDenied


def _window(request: HttpRequest) -> str:
    window = request.GET.get("window", USUAL)
    return window if window in WINDOWS else USUAL


def _observed(request: HttpRequest) -> Observed:
    return observed_within(WINDOWS[_window(request)][1])
