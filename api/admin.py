"""Tokens in the admin: to be seen and revoked, never made or changed."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from api.models import AuthToken
from outbox.admin import ReadOnlyAdmin


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnlyAdmin):
    """Deleting a token revokes it."""

    actions = ()  # but for deleting those that are selected
    list_display = ("token_key", "user", "scopes", "created", "expiry", "last_used_on")
    list_select_related = ("user",)
    search_fields = ("token_key", "user__username")
    ordering = ("-created",)
    fields = ("token_key", "user", "scopes", "created", "expiry", "last_used_on")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
