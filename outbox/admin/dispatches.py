"""Dispatches: the Celery messages, with how long each has waited in its queue and run."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.safestring import SafeString

from outbox.admin.links import reaction_link
from outbox.admin.marks import mark
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import in_words, stamp
from outbox.models import Dispatch


@admin.register(Dispatch)
class DispatchAdmin(ReadOnlyAdmin):
    list_display = ("id", "reaction_", "size", "state", "sent", "queued", "ran", "started", "careful", "worker")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "careful", "reaction")
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("reaction_", "size", "state", "careful", "worker")}),
        ("Times", {"fields": ("sent", "queued", "started_at", "ran", "closed_at")}),
        ("Lease", {"fields": ("started", "lease_seconds", "lease_until")}),
    )
    readonly_fields = ("reaction_", "state", "sent", "queued", "ran")

    @admin.display(description="reaction")
    def reaction_(self, dispatch: Dispatch) -> SafeString:
        return reaction_link(dispatch.reaction_id)

    @admin.display(description="state")
    def state(self, dispatch: Dispatch) -> SafeString:
        if dispatch.closed_at:
            return mark("closed", "✓", "good")
        return mark("running", "▶", "busy") if dispatch.started_at else mark("queued", "○", "busy")

    @admin.display(description="sent")
    def sent(self, dispatch: Dispatch) -> str:
        return stamp(dispatch.sent_at)

    @admin.display(description="queued for")
    def queued(self, dispatch: Dispatch) -> str:
        return in_words((dispatch.started_at or dispatch.closed_at or timezone.now()) - dispatch.sent_at)

    @admin.display(description="ran for", empty_value="-")
    def ran(self, dispatch: Dispatch) -> str | None:
        if not dispatch.started_at:
            return None
        return in_words((dispatch.closed_at or timezone.now()) - dispatch.started_at)
