"""The start page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """How to place an order, and where to look next."""
    site = f"{request.scheme}://{request.get_host()}"
    return render(request, "config/start.html", {"site": site, "demo": settings.DEBUG})
