"""Heartbeats: which relays and workers live."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from django.utils.safestring import SafeString

from outbox.admin.marks import mark
from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import since, stamp
from outbox.conf import conf
from outbox.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "life", "last_beat", "up_for", "consumes", "note")
    list_filter = ("kind",)
    ordering = ("kind", "name")
    fields = ("name", "kind", "life", "beat", "last_beat", "up_for", "consumes", "note")
    readonly_fields = ("life", "beat", "last_beat", "up_for", "consumes")

    @admin.display(description="life")
    def life(self, heartbeat: Heartbeat) -> SafeString:
        if timezone.now() - heartbeat.beat_at > timedelta(seconds=conf().dead_after):
            return mark("silent", "✕", "bad")
        return mark("hindered", "!", "bad") if heartbeat.note else mark("alive", "✓", "good")

    @admin.display(description="beat at")
    def beat(self, heartbeat: Heartbeat) -> str:
        return stamp(heartbeat.beat_at)

    @admin.display(description="last beat")
    def last_beat(self, heartbeat: Heartbeat) -> str:
        return f"{since(heartbeat.beat_at)} ago"

    @admin.display(description="started")
    def up_for(self, heartbeat: Heartbeat) -> str:
        return f"{since(heartbeat.started_at)} ago"

    @admin.display(description="queues")
    def consumes(self, heartbeat: Heartbeat) -> str:
        return ", ".join(heartbeat.queues)
