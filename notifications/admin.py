"""Mails and their addressees, to be looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from notifications.models import Addressee, Mail
from outbox.admin import OfOrderAdmin, ReadOnlyAdmin, hidden


class TemplateFilter(admin.SimpleListFilter):
    """By the template, whether or not the mail's occasion names what it is about as well."""

    title = parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(template, template.replace("_", " ")) for template in Mail.Template.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Mail]) -> QuerySet[Mail]:
        template = self.value()
        return queryset.filter(Q(template=template) | Q(template__startswith=f"{template}.")) if template else queryset


@admin.register(Mail)
class MailAdmin(OfOrderAdmin):
    list_display = ("order", "state", "template", "decided_at", "sent_at")
    list_filter = ("state", TemplateFilter)
    ordering = ("-decided_at", "-id")


@admin.register(Addressee)
class AddresseeAdmin(ReadOnlyAdmin):
    list_display = ("number", "name_", "email_")
    ordering = ("-order_id",)
    search_fields = ("=number", "=email")
    fields = readonly_fields = ("number", "name_", "email_", "lines")

    @admin.display(description="name")
    def name_(self, addressee: Addressee) -> str:
        return str(hidden(addressee.name))

    @admin.display(description="e-mail address")
    def email_(self, addressee: Addressee) -> str:
        return str(hidden(addressee.email))
