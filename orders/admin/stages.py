"""The four sides of an order: stock, payment, shipment and mail, each a word with a glyph and a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from orders.status import PAYMENT, SHIPMENT, STOCK, Facet
from outbox.admin import Tone
from outbox.models import Event

MAILED = "notifications.NotificationSent"
MAIL_REFUSED = "notifications.NotificationFailed"

FACETS: Mapping[str, Facet] = {"Stock": STOCK, "Payment": PAYMENT, "Shipment": SHIPMENT}
GLYPHS: Mapping[str, tuple[str, Tone]] = {
    "none": ("○", "quiet"),
    "reserved": ("◔", "busy"),
    "committed": ("✓", "good"),
    "released": ("↶", "quiet"),
    "refused": ("✕", "bad"),
    "captured": ("✓", "good"),
    "declined": ("✕", "bad"),
    "expired": ("✕", "bad"),
    "voided": ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
    "partly_refunded": ("◑", "good"),
    "refunded": ("↶", "quiet"),
    "refund_failed": ("!", "bad"),
    "shipped": ("✓", "good"),
    "delivered": ("✓", "good"),
    "failed": ("✕", "bad"),
    "stopped": ("–", "quiet"),  # noqa: RUF001  # a dash on purpose
}
SHORT = {"Stock": "stock", "Payment": "pay", "Shipment": "ship", "Mail": "mail"}

# What has happened to an order, by name, with the event where it has been read.
Happened = Mapping[str, Event | None]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One side of the order: its name, a word with glyph and tone, and the event that made it so, if it was read."""

    name: str
    word: str
    glyph: str
    tone: Tone
    event: Event | None


def stages_of(happened: Happened, *, mails: str = "sent") -> list[Stage]:
    """Returns stock, payment, shipment and mail; `mails` says how many were sent."""
    return [*(_stage(name, facet, happened) for name, facet in FACETS.items()), _mail_stage(happened, mails)]


def _stage(name: str, facet: Facet, happened: Happened) -> Stage:
    event, word = next(((happened[event], word) for event, word in facet if event in happened), (None, "none"))
    glyph, tone = GLYPHS[word]
    told = "nothing yet" if word == "none" else word.replace("_", " ")
    return Stage(name=name, word=told, glyph=glyph, tone=tone, event=event)


def _mail_stage(happened: Happened, mails: str) -> Stage:
    if MAIL_REFUSED in happened:
        return Stage(name="Mail", word="one was refused", glyph="✕", tone="bad", event=happened[MAIL_REFUSED])
    if MAILED not in happened:
        return Stage(name="Mail", word="nothing yet", glyph="○", tone="quiet", event=None)
    return Stage(name="Mail", word=mails, glyph="✓", tone="good", event=happened[MAILED])


def strip_of(happened: Happened) -> SafeString:
    """Returns the stages as four boxes for a row of a list; the word behind a glyph is read aloud, and in its title."""
    boxes = format_html_join(
        "",
        '<li class="mark mark-{}" title="{}"><span class="glyph" aria-hidden="true">{}</span> {}'
        '<span class="visually-hidden">: {}</span></li>',
        ((stage.tone, stage.word, stage.glyph, SHORT[stage.name], stage.word) for stage in stages_of(happened)),
    )
    return format_html('<ol class="strip">{}</ol>', boxes)
