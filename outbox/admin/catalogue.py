"""The event catalogue: every event type, and of one what is in it, who publishes it, who reacts, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from outbox.admin.masking import masked
from outbox.event_types import EventType, event_type, event_types
from outbox.models import Event, Reaction
from outbox.volumes import Volume, volumes

# Of the latest events of each type, so many are looked at: on the list, and on the page of one.
MOST_EACH, MOST = 1_000, 10_000


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A reaction that hears the event: which of its fields it reads, and what it may answer."""

    row: Reaction
    reads: Sequence[str]
    emits: Sequence[str]
    may_also: Sequence[str]

    @property
    def within(self) -> str:
        return f"{self.row.contract.get('within_s', 0):g} s"


def catalogue_urls(site: AdminSite) -> list[URLPattern]:
    """Returns the URLs of the catalogue, to stand before those of the events."""

    def catalogue(request: HttpRequest) -> HttpResponse:
        return catalogue_page(request, site)

    def one(request: HttpRequest, name: str) -> HttpResponse:
        return event_type_page(request, site, name)

    return [
        path("types/", site.admin_view(catalogue), name="outbox_catalogue"),
        path("types/<path:name>/", site.admin_view(one), name="outbox_event_type"),
    ]


def catalogue_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Shows every event type, or those of an app or with a word in name or description."""
    _must_see_events(request)
    types = event_types()
    app, term = request.GET.get("app", ""), request.GET.get("q", "").strip()
    found = [one for one in types if app in ("", one.app) and _is_meant(one, term)]
    seen = volumes([one.name for one in found], most=MOST_EACH)
    context = {
        **site.each_context(request),
        "title": "Event catalogue",
        "rows": [(one, seen.get(one.name)) for one in found],
        "apps": sorted({one.app for one in types}),
        "app": app,
        "term": term,
        "all": len(types),
        "most": f"{MOST_EACH:,}",
    }
    return TemplateResponse(request, "outbox/catalogue.html", context)


def event_type_page(request: HttpRequest, site: AdminSite, name: str) -> HttpResponse:
    """Shows what is declared of an event type, and what was seen of it; one that nobody knows is not found."""
    _must_see_events(request)
    if "\x00" in name:
        raise Http404
    one, volume = event_type(name), volumes([name], most=MOST).get(name)
    if not (one.is_known or volume):
        raise Http404(f"Nobody publishes or hears {name}.")
    context = {
        **site.each_context(request),
        "title": name,
        "type": one,
        "listeners": list(_listeners(one)),
        "volume": volume,
        "strangers": _strangers(one, volume),
        "most": f"{MOST:,}",
        **(_latest(name, volume) if volume else {}),
    }
    return TemplateResponse(request, "outbox/event_type.html", context)


def _must_see_events(request: HttpRequest) -> None:
    if not request.user.has_perm("outbox.view_event"):
        raise PermissionDenied


def _is_meant(one: EventType, term: str) -> bool:
    return all(word in f"{one.name} {one.description}".casefold() for word in term.casefold().split())


def _listeners(one: EventType) -> Iterator[Listener]:
    possible = {"may_ignore": "ignored", "may_wait": "waiting", "may_be_unready": "not ready yet"}
    for row in one.listeners:
        reads = row.contract.get("reads", {}).get(one.name, ())
        yield Listener(
            row=row,
            reads=[field for field in reads if field != "order_id"],
            emits=row.contract.get("emits", ()),
            may_also=[words for key, words in possible.items() if row.contract.get(key)],
        )


def _strangers(one: EventType, volume: Volume | None) -> Iterable[str]:
    """Who has published it lately besides the reactions that declare it: endpoints, commands, operations."""
    declared = {row.id for row in one.emitters}
    return [producer for producer in (volume.producers if volume else ()) if producer not in declared]


def _latest(name: str, volume: Volume) -> dict[str, Any]:
    """The latest event of this type; its personal fields stay hidden here, whatever was revealed elsewhere."""
    event = Event.objects.get(pk=volume.last)
    return {"latest": event, "payload": masked(name, event.payload)}
