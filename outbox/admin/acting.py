"""Who acts on an admin page: an operation, which is the cause of what the pages publish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec
from django.db import transaction
from django.http import HttpRequest

from outbox.admin.asking import actor_of
from outbox.causes import caused_by, current_cause
from outbox.operations import requesting


@contextmanager
def acting(request: HttpRequest, about: str, *, order_id: UUID, reason: str = "") -> Iterator[None]:
    """What is published inside was done by the user of this request, because of an operation that is recorded with it.

    `about` says in words what is done. If the block raises, nothing was done, and nothing is recorded.
    """
    with transaction.atomic():
        operation = requesting.act(about, actor=actor_of(request), order_id=order_id, reason=reason)
        cause = msgspec.structs.replace(current_cause(), kind="operation", id=str(operation.pk), actor=operation.actor)
        with caused_by(cause):
            yield
