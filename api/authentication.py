"""Who is asking: bearer tokens everywhere, name and password only where tokens are made."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from knox.crypto import hash_token
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from api.models import AuthToken
from api.throttling import count

REALM = "murmuration"


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`.

    knox's own class asks the database three times and deletes expired tokens while reading; this one asks once, by
    the digest, which is the primary key.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, AuthToken] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        found = _token_called(token.strip())
        if found is None or not found.user.is_active:
            raise AuthenticationFailed("The token is not known.")
        if found.expiry is not None and found.expiry <= timezone.now():
            raise AuthenticationFailed("The token has expired.")
        _note_use(found)
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        wrong = ', error="invalid_token"' if get_authorization_header(request) else ""
        return f'Bearer realm="{REALM}"{wrong}'


class PasswordAuthentication(BasicAuthentication):
    """HTTP Basic (RFC 7617)."""

    def authenticate_credentials(
        self, userid: str, password: str, request: Any = None
    ) -> tuple[AbstractBaseUser, None]:
        if "\0" in userid:  # PostgreSQL cannot even look for it
            raise AuthenticationFailed("Invalid username/password.")
        count_attempt(userid, request)
        user: tuple[Any, None] = super().authenticate_credentials(userid, password, request)
        return user

    def authenticate_header(self, request: Request) -> str:
        return f'Basic realm="{REALM}", charset="UTF-8"'


def count_attempt(name: str, request: Any) -> None:
    """Counts an attempt to log in, before the password is looked at: many names and many addresses are no help.

    Raises:
        Problem: there have been too many.
    """
    count("tokens", f"name:{sha256(name.encode()).hexdigest()}")
    if request is not None:
        count("tokens_from", _address_of(request))


def _address_of(request: Any) -> str:
    """Where the request comes from; a proxy in front of us, if there is one, says so at the end of the list."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return str(forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""))[:45]


def _note_use(token: AuthToken) -> None:
    """Notes that the token is in use, once a day: so it costs next to nothing."""
    today = timezone.now().date()
    if token.last_used_on != today:
        AuthToken.objects.filter(pk=token.pk).update(last_used_on=today)


def _token_called(token: bytes) -> AuthToken | None:
    try:
        digest = hash_token(token.decode())
    except UnicodeDecodeError:
        return None
    found: AuthToken | None = AuthToken.objects.select_related("user").filter(digest=digest).first()
    return found
