"""Bearer tokens: making one, and keeping a user's number of them bounded."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from knox.settings import knox_settings

from api.models import AuthToken


def make_token(user: AbstractBaseUser) -> tuple[str, datetime]:
    """Returns a new token, which cannot be shown again, and when it expires.

    Expired tokens go; beyond REST_KNOX["TOKEN_LIMIT_PER_USER"] the oldest one is retired.
    """
    with transaction.atomic():
        made, token = AuthToken.objects.create(user=user)
        own = AuthToken.objects.filter(user=user)
        kept = own.filter(expiry__gt=timezone.now()).order_by("-created")[: knox_settings.TOKEN_LIMIT_PER_USER]
        own.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return token, made.expiry
