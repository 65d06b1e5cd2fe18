"""Whatever people, other systems and errors say is shown as text, on every page of the admin and in every file of it.

All pages are found by following links, so that a new one is looked at as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from tests.admin.hostile.crawling import Answer, Crawl, views_below_admin
from tests.admin.hostile.judging import faults_of
from tests.admin.hostile.rows import ORDER, Rows, fill

# Views to which no page leads, each with the reason why that is right.
NOT_REACHED = {
    "admin:login": "comes before all this, and shows nothing but its form",
    "admin:logout": "a form on every page; posting it would end the walk",
    "admin:password_change_done": "comes after a new password, and says only that",
    "admin:autocomplete": "no form here completes what is typed",
    "admin:view_on_site": "no model here has a page outside the admin",
}
# Django escapes the name in the title of this page itself, and its template does so again: safe, if not pretty.
ESCAPED_TWICE = "admin:auth_user_password_change"


@pytest.fixture
def rows(admin_client: Client) -> Rows:
    """A row of every model, and somebody who has revealed all there is to see."""
    rows = fill()
    session = admin_client.session
    session["revealed"] = {str(ORDER): time.time() + 900}
    session.save()
    return rows


@pytest.mark.django_db
def test_hostile_words_are_only_ever_text(admin_client: Client, rows: Rows) -> None:
    reached: set[str] = set()
    faults: dict[tuple[str, str], str] = {}
    for answer in Crawl(admin_client, [reverse("admin:index"), *_pages_of(rows)]):
        reached.add(answer.view)
        faults |= {(answer.view, fault): answer.asked for fault in _faults(answer)}
    missing = views_below_admin() - reached - NOT_REACHED.keys()
    assert (missing, faults) == (set(), {})


@pytest.mark.django_db(transaction=True)
def test_what_breaks_a_promise_is_only_text_as_well(admin_client: Client, rows: Rows) -> None:
    response = admin_client.post(reverse("consistency"))
    assert "evil" in response.content.decode()
    assert faults_of(response) == []


def _pages_of(rows: Rows) -> Iterator[str]:
    """The pages of every row that has some, whether or not anything leads there."""
    for model in admin.site._registry:
        view = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield from (reverse(f"{view}_{page}") for page in ("changelist", "add"))
        yield from (reverse(f"{view}_{page}", args=[quote(rows[model].pk)]) for page in ("change", "history", "delete"))


def _faults(answer: Answer) -> list[str]:
    found = faults_of(answer.response) if answer.response.status_code != 302 else []
    return [fault for fault in found if not (fault.startswith("escaped twice") and answer.view == ESCAPED_TWICE)]
