"""Every page that the admin links to, one of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Page

ADMIN = "/admin/"
NO_PAGES = (":logout", ":jsi18n", "password_change")
ALIKE = ("_history", "_delete", ":app_list")
# What Django and others draw by themselves for their models: one list and one form are as good as another.
NOT_OURS = ("admin:auth_", "admin:django_celery_results_")


def kind_of(address: str) -> str | None:
    """Returns what tells this page from pages of another kind; None for what is no page of the admin.

    Two orders are of one kind; the order as it was, and another question about a delivery, are not. What Django draws
    for every model alike, such as the history, is one kind. A page of the admin is whatever lies below /admin/.
    """
    parts = urlsplit(address)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    if not parts.path.startswith(ADMIN) or not match.url_name or match.view_name.endswith(NO_PAGES):
        return None
    if match.view_name.startswith(NOT_OURS):
        return f"djangos-{match.view_name.rpartition('_')[2]}"
    if match.view_name.endswith(ALIKE):
        return match.view_name.rpartition("_")[2]
    words = [value for name, value in match.kwargs.items() if name in ("kind", "action")]
    asked = [] if match.view_name.endswith("_changelist") else sorted(parse_qs(parts.query))
    if "_popup" in asked:
        return None
    return "-".join([match.view_name.removeprefix("admin:"), *words, *asked])


def walk(page: Page, start: list[str]) -> Iterator[str]:
    """Opens one page of each kind, beginning with these addresses and following links; yields the kind of each."""
    waiting = {kind: address for address in start if (kind := kind_of(address))}
    seen: set[str] = set()
    while waiting:
        kind, address = next(iter(waiting.items()))
        del waiting[kind]
        seen.add(kind)
        if not _opens(page, address):
            continue
        yield kind
        links: list[str] = page.evaluate("[...document.links].map(link => link.href)")
        found = [link for link in links if link.startswith(page.url.partition(ADMIN)[0] + ADMIN)]
        waiting |= {other: link for link in found if (other := kind_of(link)) and other not in seen | waiting.keys()}


def _opens(page: Page, address: str) -> bool:
    """Whether the address is a page; else it is downloaded."""
    try:
        page.goto(address)
    except Error as error:
        if "Download is starting" in error.message:
            return False
        raise
    return True
