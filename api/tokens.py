"""Bearer tokens: making them, for users and for services, and keeping a user's number of them bounded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.utils import timezone
from knox.settings import knox_settings

from api.access import SCOPES
from api.models import AuthToken


class NotAService(ValueError):
    """The name belongs to somebody who can log in: a service has a name of its own."""


class UnknownScope(ValueError):
    """There is no such scope."""


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


def make_service_token(*, name: str, scopes: Collection[str], lifetime: timedelta) -> tuple[str, datetime]:
    """Returns a new token for a service of this name, which may do what the scopes say, and when it expires.

    The service has an account without a password: it is the customer of what it orders.

    Raises:
        UnknownScope, NotAService.
    """
    if not scopes or set(scopes) - SCOPES.keys():
        raise UnknownScope(f"A service needs one or more of {', '.join(SCOPES)}.")
    with transaction.atomic():
        account, is_new = User.objects.get_or_create(username=name)
        if is_new:
            account.set_unusable_password()
            account.save()
        elif account.has_usable_password() or account.is_staff:
            raise NotAService(NotAService.__doc__)
        made, token = AuthToken.objects.create(user=account, scopes=sorted(scopes), expiry=lifetime)
    return token, made.expiry


def revoke_token(*, user: User, key: str) -> bool:
    """Revokes the user's token that begins with `key`; returns whether there was one."""
    deleted, _ = AuthToken.objects.filter(user=user, token_key=key).delete()
    return bool(deleted)
