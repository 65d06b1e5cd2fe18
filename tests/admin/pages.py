"""Reading the admin's pages as a person does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words(html: str) -> str:
    """Returns what a page's markup says, without its tags and with single spaces."""
    page = _Words()
    page.feed(html)
    return re.sub(r"\s+", " ", "".join(page.words))


def look_at(client: Client, view: str, *args: Any, **query: Any) -> str:
    """Returns the markup of an admin page such as `orders_order_changelist`, which must be there."""
    response = client.get(reverse(f"admin:{view}", args=args), query)
    assert response.status_code == 200, (response.status_code, response.headers.get("Location"))
    return response.content.decode()


def read(client: Client, view: str, *args: Any, **query: Any) -> str:
    """Returns the words of an admin page."""
    return words(look_at(client, view, *args, **query))


def main_part(html: str) -> str:
    """Returns the part of an admin page that is this project's, without the admin's frame."""
    return html[html.index('id="content-main"') : html.index('id="footer"')]
