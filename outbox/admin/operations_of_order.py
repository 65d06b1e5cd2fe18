"""Notes on an order, and what staff has done about it. Four statements, however much there is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from outbox.admin.masking import PERMISSION, is_revealed
from outbox.admin.tools import Tool, tool
from outbox.models import Note, Operation, OperationItem
from outbox.operations.choosing import failed_of_order
from outbox.operations.models import Kind

NEWEST = 50


@dataclass(frozen=True, kw_only=True)
class Told:
    """A note, or an operation with what became of this order's deliveries in it."""

    at: datetime
    actor: str
    note: Note | None = None
    operation: Operation | None = None
    counts: dict[str, int] | None = None


def told_operations(request: HttpRequest, order_id: UUID) -> dict[str, Any]:
    """Returns what `outbox/operations_of_order.html` shows: the newest first, and the tools."""
    if not request.user.has_perm("outbox.view_operation"):
        return {"told": None}
    told = [*_notes(order_id), *_operations(order_id)]
    return {"told": sorted(told, key=lambda one: one.at, reverse=True)[:NEWEST], "tools": _tools(request, order_id)}


def _tools(request: HttpRequest, order_id: UUID) -> list[Tool]:
    """Delivering again is offered where something has failed."""
    failed = len(failed_of_order(order_id))
    operate = ("outbox.redeliver", "outbox_delivery_operate", Kind.REDELIVER)
    again = [tool(request, f"Deliver again what failed ({failed})", *operate, order=order_id)] if failed else []
    return [
        *again,
        tool(request, "Add a note", "outbox.write_note", "outbox_note_on_order", order_id),
        reveal_tool(request, order_id),
    ]


def reveal_tool(request: HttpRequest, order_id: UUID) -> Tool:
    """Returns the tool that reveals the personal fields of an order, or hides them again."""
    label = "Hide personal fields" if is_revealed(request, order_id) else "Reveal personal fields"
    return tool(request, label, PERMISSION, "outbox_reveal", order_id)


def _notes(order_id: UUID) -> list[Told]:
    notes = Note.objects.filter(order_id=order_id).order_by("-pk")[:NEWEST]
    return [Told(at=note.written_at, actor=note.actor, note=note) for note in notes]


def _operations(order_id: UUID) -> list[Told]:
    items = OperationItem.objects.filter(order_id=order_id).order_by("-operation_id")[: NEWEST * 10]
    outcomes = {
        operation: Counter(item.outcome for item in group)
        for operation, group in groupby(items, lambda item: item.operation_id)
    }
    found = Operation.objects.filter(Q(order_id=order_id) | Q(pk__in=list(outcomes))).order_by("-pk")[:NEWEST]
    return [_told(operation, outcomes.get(operation.pk)) for operation in found]


def _told(operation: Operation, counts: dict[str, int] | None) -> Told:
    return Told(at=operation.requested_at, actor=operation.actor, operation=operation, counts=counts)
