"""Rejected messages: what lay on our queues and was not ours."""

from __future__ import annotations

from django.contrib import admin
from django.utils.text import Truncator

from outbox.admin.read_only import ReadOnlyAdmin
from outbox.admin.times import stamp
from outbox.models import RejectedMessage


@admin.register(RejectedMessage)
class RejectedMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "rejected", "queue", "why", "start_of_body")
    list_filter = ("queue",)
    ordering = ("-id",)
    fields = ("rejected", "queue", "reason", "headers", "body")
    readonly_fields = ("rejected",)

    @admin.display(description="rejected")
    def rejected(self, message: RejectedMessage) -> str:
        return stamp(message.rejected_at)

    @admin.display(description="reason")
    def why(self, message: RejectedMessage) -> str:
        return Truncator(message.reason).chars(100)

    @admin.display(description="body")
    def start_of_body(self, message: RejectedMessage) -> str:
        return Truncator(message.body).chars(100)
