"""The ASGI application, for servers that can stream; `config.wsgi` is all that the rest needs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_asgi_application()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Django, which would read a body to its end before anybody can say that it is too large: so it gets no more of it.

    What is cut off is longer than `API_MAX_BODY` still, and refused for that by `api.middleware.BodyLimit`.
    """
    if scope["type"] == "http" and scope["path"].startswith("/api/"):
        receive = _no_more_than(settings.API_MAX_BODY + 1, receive)
    await _django(scope, receive, send)


def _no_more_than(left: int, receive: Receive) -> Receive:
    """Lets so many bytes of the body through, and drops the rest as it comes."""

    async def bounded() -> Message:
        nonlocal left
        while (message := await receive())["type"] == "http.request":
            if left:
                body = message.get("body", b"")[:left]
                left -= len(body)
                more = bool(left) and message.get("more_body", False)
                left = left if more else 0
                return {**message, "body": body, "more_body": more}
        return message

    return bounded
