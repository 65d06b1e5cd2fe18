"""What a person can do from a page: links to pages that ask, and for what one may not do the permission it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A button: where it leads, or the permission that is missing."""

    label: str
    url: str
    permission: str
    allowed: bool


def tool(request: HttpRequest, label: str, permission: str, view: str, *args: Any, **query: Any) -> Tool:
    """Returns the tool that leads to an admin page, for whoever has the permission."""
    url = reverse(f"admin:{view}", args=args, query=query or None)
    return Tool(label=label, url=url, permission=permission, allowed=request.user.has_perm(permission))
