"""The page of consistency: whether everything in the database fits together, examined when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from config.invariants.bounded import AlreadyRunning, Examined, examine_within
from config.invariants.examining import INVARIANTS

PERMISSION = "outbox.examine"
# What a person waits for a page; below the server's timeout. 100,000 orders take some 18 s; the command has no limit.
LIMIT = timedelta(seconds=15)

PAGES = {
    "orders": "admin:orders_order_change",
    "deliveries": "admin:outbox_delivery_change",
    "positions of events": "admin:outbox_event_change",
}


@require_http_methods(["GET", "HEAD", "POST"])
def consistency(request: HttpRequest) -> HttpResponse:
    """Shows the promises; on POST examines them for as long as LIMIT, and shows what breaks them."""
    if not request.user.has_perms(["outbox.view_event", "outbox.view_delivery", "orders.view_order"]):
        raise PermissionDenied
    examined: list[Examined] = []
    if request.method == "POST":
        examined = _examined(request)
    context = {
        **admin.site.each_context(request),
        "title": "Consistency",
        "rows": [_row(one) for one in examined or [Examined(invariant=invariant) for invariant in INVARIANTS]],
        "examined_at": timezone.now() if examined else None,
        "violated": sum(one.is_violated for one in examined),
        "skipped": sum(bool(one.why_not) for one in examined),
        "may_examine": request.user.has_perm(PERMISSION),
        "permission": PERMISSION,
        "limit": LIMIT,
    }
    return TemplateResponse(request, "config/consistency.html", context)


def _examined(request: HttpRequest) -> list[Examined]:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied(f"the permission {PERMISSION} is missing")
    try:
        return examine_within(LIMIT)
    except AlreadyRunning:
        messages.warning(request, "Somebody else is examining it at this moment. Try again in a few seconds.")
        return []


def _row(one: Examined) -> dict[str, object]:
    found = one.finding
    return {
        "invariant": one.invariant,
        "finding": found,
        "why_not": one.why_not,
        "is_violated": one.is_violated,
        "ids": list(_linked(one.invariant.things, found.ids)) if found else [],
        "more": found.count - len(found.ids) if found else 0,
    }


def _linked(things: str, ids: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The ids, each with its page if there is one."""
    for id in ids:
        yield id, reverse(PAGES[things], args=[UUID(id) if things == "orders" else id]) if things in PAGES else ""
