"""Mails and their addressees, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from notifications.models import Addressee, Mail
from outbox.admin import ReadOnlyAdmin


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "template", "state", "decided_at", "sent_at")
    list_filter = ("state", "template")
    ordering = ("-decided_at", "-id")
    search_fields = ("=order_id",)
    search_help_text = "The id of the order"


@admin.register(Addressee)
class AddresseeAdmin(ReadOnlyAdmin):
    list_display = ("number", "name", "email")
    ordering = ("-order_id",)
    search_fields = ("number", "email")
