"""Characters that turn round the text after them are shown in the admin, and not obeyed.

Unicode has nine of them: embeddings, overrides and isolates. An outcome or an address with one in it would else read as
another, and so would the rest of its line. Right-to-left scripts do without: their letters know their direction.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# What a form sends back stays as it was: it would be kept otherwise.
KEPT_OR_TURNING = re.compile(f'<textarea[^>]*>.*?</textarea>|value="[^"]*"|{TURNING.pattern}', re.DOTALL)


class VisibleDirections:
    """Writes `[U+202E]` for such a character on each page and drawing of the admin, but not in the fields of a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith(("text/html", "image/svg+xml"))
        if is_page and not response.streaming and request.path.startswith(reverse("admin:index")):
            page = response.content.decode(response.charset)
            if TURNING.search(page):
                response.content = KEPT_OR_TURNING.sub(_named, page)
        return response


def _named(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else f"[U+{ord(found[0]):04X}]"
