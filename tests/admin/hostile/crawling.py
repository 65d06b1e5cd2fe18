"""Every address below /admin/ that some page leads to, one after the other, and what is posted from there."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.admin.hostile.judging import Form, Page
from tests.admin.hostile.texts import SHORT

ADMIN = "/admin/"
# It ends the session; and it takes transactions of its own, while everything here is undone.
NOT_POSTED = ("/admin/logout/", "/admin/consistency/")


# Pages of one view; those of the rows that are wholly hostile come first.
FEW = 3


class Answer(NamedTuple):
    """What was asked for, by which view of which name it was answered, and the answer."""

    asked: str
    view: str
    response: HttpResponseBase


class Crawl:
    """Opens a few pages of each view, also with each parameter that a link gives it, and with a hostile one instead.

    What the forms of the pages do is answered as well, and undone.
    """

    def __init__(self, client: Client, start: Iterable[str]) -> None:
        self._client = client
        self._waiting = deque(start)
        self._seen = {_alike(address) for address in self._waiting}
        self._paths: dict[str, set[str]] = defaultdict(set)
        self._posted_to: dict[str, set[str]] = defaultdict(set)

    def __iter__(self) -> Iterator[Answer]:
        while self._waiting:
            address = self._waiting.popleft()
            response = self._client.get(address)
            yield Answer(address, view_of(address), response)
            if "Location" in response.headers:
                self._note(address, [response.headers["Location"]])
            elif response.headers.get("Content-Type", "").startswith("text/html"):
                page = Page(response.content.decode())
                self._note(address, page.links)
                for form in page.forms:
                    yield from self._post(address, form)

    def _note(self, address: str, links: list[str]) -> None:
        for link in _below_admin(address, links):
            for one in (link, *_with_hostile_words(link)):
                if _alike(one) not in self._seen and self._is_among_the_first(self._paths, one):
                    self._seen.add(_alike(one))
                    self._waiting.append(one)

    def _is_among_the_first(self, kept: dict[str, set[str]], address: str) -> bool:
        """Whether this is one of the first few addresses of its view: rows are alike."""
        view, path = view_of(address), urlsplit(address).path
        if len(kept[view]) < FEW:
            kept[view].add(path)
        return path in kept[view]

    def _post(self, address: str, form: Form) -> Iterator[Answer]:
        """What comes of the form with words of two lengths; of the actions of a list with each of them."""
        where = urljoin(address, form.action or address)
        is_ours = where.startswith(ADMIN) and urlsplit(where).path not in NOT_POSTED
        if form.method != "post" or not is_ours or where in self._posted_to[view_of(where)]:
            return
        if not self._is_among_the_first(self._posted_to, where):
            return
        for words in form.answers():
            with transaction.atomic():
                for response in _followed(self._client, where, form.fields | words):
                    yield Answer(f"POST {where}", view_of(where), response)
                transaction.set_rollback(True)


def _below_admin(address: str, links: list[str]) -> list[str]:
    """Where the links lead; of several parameters the first is kept, for there is no end of their combinations."""
    found = [urljoin(address, link).partition("#")[0].partition("&")[0] for link in links]
    return [link for link in found if link.startswith(ADMIN) and "_changelist_filters" not in link]


def _with_hostile_words(link: str) -> Iterator[str]:
    """The same page with the value of its parameter replaced."""
    path, _, query = link.partition("?")
    for name, _value in parse_qsl(query, keep_blank_values=True):
        yield f"{path}?{urlencode({name: 'evil' + SHORT})}"
    if view_of(path).endswith("_changelist"):
        yield f"{path}?{urlencode({'q': 'evil' + SHORT})}"


def _alike(address: str) -> tuple[Any, ...]:
    """What tells pages apart that are both worth looking at: not which day or page of a list it is."""
    parts = urlsplit(address)
    asked = parse_qs(parts.query, keep_blank_values=True)
    return parts.path, *((name, values[0].startswith("evil")) for name, values in sorted(asked.items()))


def _followed(client: Client, where: str, words: dict[str, Any]) -> list[HttpResponseBase]:
    first = client.post(where, words)
    leads_to = first.headers.get("Location")
    return [first, client.get(urljoin(where, leads_to))] if leads_to else [first]


def view_of(address: str) -> str:
    """Returns the name of the view that answers, or the path's pattern where it has none."""
    match = resolve(urlsplit(address).path)
    return match.view_name if match.url_name else match.route


def views_below_admin() -> set[str]:
    """Returns the name of every view that there is below /admin/."""
    return set(_names(get_resolver(), "/", ""))


def _names(resolver: URLResolver, route: str, namespace: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            space = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern, here, space)
        elif isinstance(pattern, URLPattern) and here.startswith(ADMIN) and pattern.name:
            yield namespace + pattern.name
