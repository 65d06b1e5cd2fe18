"""Who may do what: a user by their own token, staff by Django's permissions, a service by the scopes of its token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports, by the settings, this module

# What a service may be allowed to do.
SCOPES = {
    "orders:write": "place orders, and ask for any order to be cancelled",
    "orders:read": "see any order",
    "events:read": "see every event with its deliveries",
    "inventory:write": "see and adjust the stock",
    "payments:refund": "see payments and give money back",
    "shipping:write": "see shipments",
}


class Need(NamedTuple):
    """What one method of an endpoint asks for: of a service this scope, of staff this permission.

    Without a permission every user may, with what is their own.
    """

    scope: str
    permission: str = ""


class Access(BasePermission):
    """Grants what the view's `needs` say of the method. What they do not name is for every user, and for no service."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method == "OPTIONS":
            return True
        needs: Mapping[str, Need] = getattr(view, "needs", {})
        need = needs.get("GET" if request.method == "HEAD" else str(request.method))
        if need is None:
            return not is_service(request)
        own = not need.permission and not is_service(request)
        return own or granted(request, need)


def granted(request: Request, need: Need) -> bool:
    """Whether whoever asks may do this with what is not their own, too."""
    if is_service(request):
        return need.scope in _scopes(request)
    user: Any = request.user
    return bool(user.is_staff and need.permission and user.has_perm(need.permission))


def is_service(request: Request) -> bool:
    """Whether the token is a service's; a user's own token has no scopes."""
    return _scopes(request) is not None


def _scopes(request: Request) -> Any:
    """The scopes of the token; a request without one is nobody's, and a user's own has none."""
    return getattr(request.auth, "scopes", None)
