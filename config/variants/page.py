"""The pages of variants: which ways orders went, the rare ones first; and the orders that went one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from config.variants.counting import MOST_ORDERS, SHOWN_ORDERS, SHOWN_VARIANTS, Among, orders_of, variants

NEEDED = ["outbox.view_event", "orders.view_order"]
ALWAYS = timedelta(days=36_500)
# What can be chosen, by the parameters of the address; the first of each is usual.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "of": {"latest": "the latest 1,000 orders", "day": "the last 24 hours", "week": "the last 7 days"},
    "which": {"all": "all of them", "settled": "only settled", "open": "only open"},
    "events": {"work": "without mails and webhooks", "all": "with mails and webhooks"},
    "first": {"rare": "rare ones first", "common": "common ones first"},
}
LABELS = {"of": "Orders placed", "which": "Which", "events": "Events", "first": "Sorted"}
WITHIN = {"latest": (ALWAYS, 1_000), "day": (timedelta(days=1), MOST_ORDERS), "week": (timedelta(days=7), MOST_ORDERS)}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that can be chosen instead of what is, with the address of the page then."""

    words: str
    url: str
    is_chosen: bool


def variants_page(request: HttpRequest) -> HttpResponse:
    """Shows the sequences of events of the orders that were chosen, at most 200."""
    chosen = _chosen(request)
    found = variants(_among(chosen), rare_first=chosen["first"] == "rare")
    context = {"found": found, "choices": _choices(chosen), "shown": SHOWN_VARIANTS}
    return _page(request, "config/variants.html", "Variants", chosen, context)


def variant_page(request: HttpRequest, key: str) -> HttpResponse:
    """Shows the latest 100 orders of one variant, among those that were chosen."""
    chosen = _chosen(request)
    found = orders_of(key, _among(chosen))
    context = {"found": found, "shown": SHOWN_ORDERS}
    return _page(request, "config/variant.html", "Orders of a variant", chosen, context)


def _page(
    request: HttpRequest, template: str, title: str, chosen: Mapping[str, str], context: dict[str, Any]
) -> HttpResponse:
    said = {name: CHOICES[name][word] for name, word in chosen.items()}
    rest = {"chosen": chosen, "said": said, "query": urlencode(chosen), "most": f"{MOST_ORDERS:,}"}
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **rest, **context})


def _chosen(request: HttpRequest) -> dict[str, str]:
    """What the address says of each choice; what is usual where it says nothing, or nonsense."""
    if not request.user.has_perms(NEEDED):
        raise PermissionDenied
    asked = {name: request.GET.get(name, "") for name in CHOICES}
    return {name: asked[name] if asked[name] in words else next(iter(words)) for name, words in CHOICES.items()}


def _among(chosen: Mapping[str, str]) -> Among:
    within, most = WITHIN[chosen["of"]]
    return Among(
        within=within,
        most=most,
        settled={"settled": True, "open": False}.get(chosen["which"]),
        telling=chosen["events"] == "all",
    )


def _choices(chosen: Mapping[str, str]) -> list[tuple[str, list[Choice]]]:
    return [(LABELS[name], [_choice(chosen, name, word) for word in words]) for name, words in CHOICES.items()]


def _choice(chosen: Mapping[str, str], name: str, word: str) -> Choice:
    url = f"?{urlencode({**chosen, name: word})}"
    return Choice(words=CHOICES[name][word], url=url, is_chosen=chosen[name] == word)
