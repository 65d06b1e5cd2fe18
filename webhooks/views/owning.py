"""Whose endpoints whoever asks may see, and what the addresses have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from api.access import Need
from api.pagination import LARGEST_PAGE, PAGE_SIZE
from api.problems import Problem, problem_type
from webhooks import services
from webhooks.models import Endpoint

PAGING = [
    OpenApiParameter("cursor", str, description="from the link of a page"),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}),
]

DISABLED_BY_STAFF = problem_type(
    "disabled-by-staff", 409, "Staff has disabled this endpoint", "Ask us why; only staff can enable it again."
)

# What a service hears are whole stories of orders, so it takes the scope for events; its endpoints are its own.
SERVICES_TOO = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), Need("events:read"))
HEAR_ALL = Need("events:read", "webhooks.hear_all_orders")


def own(request: Request) -> QuerySet[Endpoint]:
    """Returns the endpoints of whoever asks."""
    return services.endpoints_of(cast(User, request.user))


@contextmanager
def unless_deleted() -> Iterator[None]:
    """What is deleted between the look at it and its change is not found either."""
    try:
        yield
    except ObjectDoesNotExist:
        raise Http404 from None


@contextmanager
def unless_disabled_by_staff() -> Iterator[None]:
    """What only staff may undo is a conflict for its owner."""
    try:
        yield
    except services.DisabledByStaff as refused:
        raise Problem(DISABLED_BY_STAFF, str(refused)) from refused


def one(request: Request, endpoint_id: UUID) -> Endpoint:
    """Returns this endpoint of whoever asks; somebody else's is not found."""
    return get_object_or_404(own(request), pk=endpoint_id)
