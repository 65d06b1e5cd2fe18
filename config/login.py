"""Logging in to the admin: as often as for a token, and no more often."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from api.authentication import count_attempt
from api.problems import Problem


class LoginForm(AdminAuthenticationForm):
    """Counts each attempt before the password is looked at."""

    def clean(self) -> dict[str, Any]:
        try:
            count_attempt(self.cleaned_data.get("username", ""), self.request)
        except Problem as refused:
            seconds = refused.headers["Retry-After"]
            raise ValidationError(f"Too many attempts. Try again in {seconds} seconds.") from refused
        cleaned: dict[str, Any] = super().clean()
        return cleaned
