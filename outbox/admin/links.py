"""Links between the pages."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outbox.models import Event

_order_page: str | None = None


def order_page_is(url_name: str) -> None:
    """Makes this the page of an order, by the URL name that takes its id. The outbox itself knows of no such page."""
    global _order_page
    _order_page = url_name


def order_url(order_id: UUID) -> str:
    """Returns where to read about an order: its page if some app has one, else the list of its events."""
    if _order_page:
        return reverse(_order_page, args=[order_id])
    return reverse("admin:outbox_event_changelist", query={"q": order_id})


def order_model() -> tuple[str, str] | None:
    """Returns app and model of the page of an order, in small letters; None if no app has one."""
    if not _order_page:
        return None
    app, _, model = _order_page.removeprefix("admin:").removesuffix("_change").partition("_")
    return app, model


def order_link(order_id: UUID) -> SafeString:
    """Returns a link that shows the end of the id, by which ids that sort by time differ."""
    return format_html('<a href="{}" class="id">…{}</a>', order_url(order_id), str(order_id)[-12:])


def event_url(event: Event) -> str:
    return reverse("admin:outbox_event_change", args=[event.position])


def event_link(event: Event) -> SafeString:
    return format_html('<a href="{}">{} #{}</a>', event_url(event), breakable(event.name), event.position)


def reaction_link(reaction_id: str) -> SafeString:
    url = reverse("admin:outbox_reaction_change", args=[reaction_id])
    return format_html('<a href="{}">{}</a>', url, breakable(reaction_id))


def event_type_link(name: str) -> SafeString:
    """Returns a link from the name of an event to the page about its type."""
    return format_html('<a href="{}">{}</a>', reverse("admin:outbox_event_type", args=[name]), breakable(name))


@lru_cache(maxsize=1_000)  # a long history names the same few hundreds of times
def breakable(name: str) -> SafeString:
    """Returns a name on the wire that may be broken after its app."""
    app, dot, rest = name.partition(".")
    return format_html("{}{}<wbr>{}", app, dot, rest)
