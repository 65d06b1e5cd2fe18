"""Where it is recorded what people did. Each source gives its latest entries, one statement each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.urls import reverse

from inventory.models import Adjustment
from orders.models import CancellationRequest
from outbox.admin.links import event_url, order_url
from outbox.models import Event, Note, Operation
from outbox.operations.models import Kind

# A name alone may be any of these; as they stand before it in what is recorded.
ROLES = ("", "staff:", "user:", "service:", "command:")
NOTE, STOCK, CANCELLATION, REFUND, CHANGE = "note", "stock", "cancellation", "refund", "change"
KINDS = [*Kind.values, NOTE, STOCK, CANCELLATION, REFUND, CHANGE]
# Of so many cancellations by staff, and refunds of each kind, those are looked for that were asked for by the REST API.
LOOKED_THROUGH = 10_000
ASKED_FOR = {
    "payments.PaymentRefundStarted": "had a refund tried again",
    "payments.PartialRefundStarted": "had a part of the money given back",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for: by whom (a name, or one with its role), which kind, since when, and before when."""

    who: str = ""
    kind: str = ""
    since: datetime | None = None
    before: datetime | None = None

    @property
    def names(self) -> list[str]:
        return [f"{role}{self.who}" for role in ROLES]

    def among(self, rows: QuerySet[Any], at: str, actor: str = "actor") -> QuerySet[Any]:
        """Returns those of the rows that are by this person and of this time."""
        told: dict[str, object] = {f"{at}__gte": self.since, f"{at}__lt": self.before}
        if self.who:
            told[f"{actor}__in"] = self.names
        return rows.filter(**{name: value for name, value in told.items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that somebody did; `url` leads to what it was done to, or to its record."""

    at: datetime
    actor: str
    kind: str
    what: str
    why: str = ""
    url: str = ""
    order_id: UUID | None = None


def operations(wanted: Wanted, most: int) -> Iterator[Entry]:
    """What was decided about deliveries, reactions and orders."""
    rows = wanted.among(Operation.objects.order_by("-pk"), "requested_at")
    for row in rows.filter(kind=wanted.kind)[:most] if wanted.kind else rows[:most]:
        yield Entry(
            at=row.requested_at,
            actor=row.actor,
            kind=row.kind,
            what=row.what,
            why=row.reason,
            url=reverse("admin:outbox_operation_change", args=[row.pk]),
            order_id=row.order_id,
        )


def notes(wanted: Wanted, most: int) -> Iterator[Entry]:
    """What was written down."""
    for row in wanted.among(Note.objects.order_by("-pk"), "written_at")[:most]:
        group = row.group_id and reverse("admin:outbox_failuregroup_change", args=[row.group_id])
        yield Entry(
            at=row.written_at,
            actor=row.actor,
            kind=NOTE,
            what="wrote a note on " + ("a failure group" if group else "an order"),
            why=row.text,
            url=group or order_url(row.order_id),
            order_id=row.order_id,
        )


def adjustments(wanted: Wanted, most: int) -> Iterator[Entry]:
    """How stock was corrected."""
    for row in wanted.among(Adjustment.objects.order_by("-adjusted_at", "-pk"), "adjusted_at")[:most]:
        yield Entry(
            at=row.adjusted_at,
            actor=row.actor,
            kind=STOCK,
            what=f"adjusted {row.sku} by {row.delta:+,} to {row.on_hand:,}",
            why=f"{row.reason}: {row.note}".removesuffix(": "),
            url=reverse("admin:inventory_adjustment_change", args=[row.pk]),
        )


def cancellations(wanted: Wanted, most: int) -> Iterator[Entry]:
    """The orders that staff and services asked to cancel by the REST API; what the admin asks for are operations."""
    by_staff = CancellationRequest.objects.filter(requested_by=CancellationRequest.By.STAFF).order_by("-pk")
    orders = by_staff.values("order_id")[:LOOKED_THROUGH]
    asked_for = Event.objects.filter(
        name="orders.OrderCancellationRequested", order_id__in=orders, cause_kind="request"
    )
    for row in wanted.among(asked_for.order_by("-position"), "occurred_at")[:most]:
        yield Entry(
            at=row.occurred_at,
            actor=row.actor,
            kind=CANCELLATION,
            what="asked for an order to be cancelled, by the REST API",
            why=": ".join(filter(None, map(row.payload.get, ("reason", "note")))),
            url=event_url(row),
            order_id=row.order_id,
        )


def refunds(wanted: Wanted, most: int) -> Iterator[Entry]:
    """The refunds that were started by the REST API, or tried again; those from the admin are operations."""
    newest = (Event.objects.filter(name=name).order_by("-position").values("pk")[:LOOKED_THROUGH] for name in ASKED_FOR)
    asked_for = Event.objects.filter(reduce(or_, (Q(pk__in=of_one) for of_one in newest)), cause_kind="request")
    for row in wanted.among(asked_for.defer("payload").order_by("-position"), "occurred_at")[:most]:
        what, url = f"{ASKED_FOR[row.name]}, by the REST API", event_url(row)
        yield Entry(at=row.occurred_at, actor=row.actor, kind=REFUND, what=what, url=url, order_id=row.order_id)


def changes(wanted: Wanted, most: int) -> Iterator[Entry]:
    """What was added, changed and deleted on the admin's own pages.

    What its log says of the engine's rows and of orders is told by an operation or a note.
    """
    told = Q(content_type__app_label="outbox") | Q(content_type__app_label="orders", content_type__model="order")
    rows = LogEntry.objects.exclude(told).select_related("user", "content_type").order_by("-pk")
    if wanted.who:
        rows = rows.filter(user__username=wanted.who.removeprefix("staff:"))
    for row in Wanted(since=wanted.since, before=wanted.before).among(rows, "action_time")[:most]:
        yield Entry(
            at=row.action_time,
            actor=f"staff:{row.user.get_username()}",
            kind=CHANGE,
            what=f"{_done(row)} {row.content_type.name if row.content_type else 'something'} {row.object_repr}",
            why=row.get_change_message(),
            url="" if row.is_deletion() else row.get_admin_url() or "",
        )


def _done(row: LogEntry) -> str:
    if row.is_addition():
        return "added"
    return "deleted" if row.is_deletion() else "changed"


SOURCES = {NOTE: notes, STOCK: adjustments, CANCELLATION: cancellations, REFUND: refunds, CHANGE: changes}


def latest(wanted: Wanted, most: int) -> list[Entry]:
    """Returns the latest entries that are wanted, at most so many, the newest first; at most six statements."""
    chosen = [SOURCES.get(wanted.kind, operations)] if wanted.kind else [operations, *SOURCES.values()]
    found = [entry for source in chosen for entry in source(wanted, most)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:most]
