"""The panel of the admin's first page: whether everything flows, in one look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import template
from django.conf import settings
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.safestring import SafeString

from orders.services import Stage, pipeline
from outbox.admin import Tone, in_words, mark
from outbox.vitals import MOST, Vitals, vitals

register = template.Library()

# What waits for longer is worth a look; the relay needs milliseconds, and a worker rarely seconds.
PATIENCE = timedelta(seconds=10)
NONE = "–"  # noqa: RUF001  # a dash on purpose
FLOW = ("placed", "reserved", "paid", "shipped")
# The pages about everything: URL, the permissions that they need, name, and what they show.
ENGINE = frozenset({"outbox.view_event", "outbox.view_delivery"})
PAGES = (
    (
        "admin:outbox_choreography",
        frozenset({"outbox.view_event"}),
        "Choreography map",
        "who publishes what, and who reacts to it",
    ),
    (
        "admin:outbox_catalogue",
        frozenset({"outbox.view_event"}),
        "Event catalogue",
        "what each event says, who reacts to it, and how often it happens",
    ),
    ("admin:outbox_silence", ENGINE, "Silence", "what was promised and has not come, although no error says so"),
    (
        "variants",
        frozenset({"outbox.view_event", "orders.view_order"}),
        "Variants",
        "which ways orders went, the rare ones first",
    ),
    ("consistency", ENGINE | {"orders.view_order"}, "Consistency", "whether everything in the database fits together"),
    ("audit", frozenset({"outbox.audit"}), "Audit", "who did what, and why"),
)
LAB = ("lab", frozenset({"outbox.run_scenario"}), "Scenario lab", "orders that go wrong in a known way, to be watched")


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A figure with what it is called, and the list of what it counts."""

    name: str
    mark: SafeString
    url: str


@register.inclusion_tag("config/panel.html", takes_context=True)
def panel(context: RequestContext) -> dict[str, Any]:
    """Shows how engine and orders stand, each only to whoever may look at it; four statements at most."""
    user = context["request"].user
    sees_engine, sees_orders = user.has_perm("outbox.view_delivery"), user.has_perm("orders.view_order")
    now = vitals() if sees_engine else None
    stages = pipeline() if sees_orders else {}
    return {
        "alarms": list(alarms(now)) if now else [],
        "signs": [*(engine_signs(now) if now else ()), *(order_signs(now, stages) if stages else ())],
        "flow": [flow_stage(stages[status]) for status in FLOW] if stages else [],
        "pages": [(reverse(name), title, what) for name, needs, title, what in pages() if user.has_perms(needs)],
    }


def pages() -> Iterator[tuple[str, frozenset[str], str, str]]:
    """The pages about everything; the lab is there in the sandbox only."""
    yield from PAGES
    if settings.SANDBOX:
        yield LAB


def alarms(now: Vitals) -> Iterator[str]:
    """Says what keeps everything from going on."""
    if not now.living("relay"):
        ago = f"for {in_words(now.silent_for)}" if now.silent_for else "as far as anybody remembers"
        yield f"No relay has given a sign of life {ago}: no event goes on to any reaction until one runs."
    if now.unserved:
        yield f"No worker serves {', '.join(now.unserved)}."


def engine_signs(now: Vitals) -> Iterator[Sign]:
    """What has waited longest, what is parked, and who lives."""
    yield _age("oldest unpublished event", now.unpublished_for, _list("outbox_event"))
    yield _age("oldest undelivered", now.undelivered_for, _list("outbox_delivery", state__exact="waiting"))
    yield _count("parked", now.parked, _list("outbox_delivery", state__exact="parked"))
    for kind in ("relay", "worker"):
        alive, known = len(now.living(kind)), sum(one.kind == kind for one in now.heartbeats)
        words, tone = f"{alive} alive" + (f", {known - alive} silent" if known > alive else ""), _tone(good=alive)
        yield Sign(name=f"{kind}s", mark=_mark(words, tone), url=_list("outbox_heartbeat", kind__exact=kind))


def order_signs(now: Vitals | None, stages: dict[str, Stage]) -> Iterator[Sign]:
    """Which orders need somebody."""
    if now:
        yield _count("overdue orders", now.overdue, _list("orders_order", attention="overdue"))
    cancelling = stages["cancelling"]
    tone: Tone = "bad" if cancelling.p95 and cancelling.p95 > timedelta(minutes=5) else "good"
    url = _list("orders_order", status__exact="cancelling")
    yield Sign(name="orders with open books", mark=_mark(_number(cancelling.count), tone), url=url)
    url = _list("orders_order", attention="inconsistent")
    yield _count("inconsistent orders", stages["inconsistent"].count, url)


def flow_stage(stage: Stage) -> dict[str, Any]:
    """A stage of the strip: how many orders, and how old, or how fast they came to it."""
    shipped = stage.status == "shipped"
    return {
        "name": "shipped in 24 h" if shipped else stage.status,
        "count": _number(stage.count),
        "p95": in_words(stage.p95) if stage.p95 is not None else None,
        "of": "from placed" if shipped else "age",
        "url": _list("orders_order", status__exact=stage.status),
    }


def _list(model: str, **query: str) -> str:
    return reverse(f"admin:{model}_changelist", query=query or None)


def _age(name: str, age: timedelta | None, url: str) -> Sign:
    words = NONE if age is None else in_words(age)
    return Sign(name=name, mark=_mark(words, _tone(good=age is None or age < PATIENCE)), url=url)


def _count(name: str, count: int, url: str) -> Sign:
    return Sign(name=name, mark=_mark(_number(count), _tone(good=not count)), url=url)


def _number(count: int) -> str:
    return f"{count:,}{' or more' if count == MOST else ''}"


def _tone(*, good: object) -> Tone:
    return "good" if good else "bad"


def _mark(words: str, tone: Tone) -> SafeString:
    return mark(words, "✓" if tone == "good" else "!", tone)
