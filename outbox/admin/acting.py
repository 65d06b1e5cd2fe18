"""Who acts on an admin page: the cause of what the pages publish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from django.http import HttpRequest

from outbox.causes import caused_by, current_cause


@contextmanager
def acting(request: HttpRequest) -> Iterator[None]:
    """What is published inside was done by the user of this request."""
    actor = f"staff:{request.user.get_username()}"
    with caused_by(msgspec.structs.replace(current_cause(), actor=actor)):
        yield
