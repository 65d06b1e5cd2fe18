"""The page of the audit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.audit.sources import KINDS, Wanted, latest

PERMISSION = "outbox.audit"
A_PAGE, MOST_PAGES = 50, 20


class WantedForm(forms.Form):
    """Which of it to show; everything may be left out."""

    who = forms.CharField(required=False, max_length=200, help_text="A name, or as staff:sue")
    kind = forms.ChoiceField(required=False, choices=[("", "all"), *((kind, kind) for kind in KINDS)])
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def wanted(self) -> Wanted:
        """Returns what is asked for; the last day counts in full."""
        until: date | None = self.cleaned_data["until"]
        return Wanted(
            who=self.cleaned_data["who"],
            kind=self.cleaned_data["kind"],
            since=_midnight(self.cleaned_data["since"]),
            before=_midnight(until + timedelta(days=1) if until and until < date.max else until),
        )


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Shows who did what, the newest first: 50 a page, and 20 pages at most of what is asked for."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied(f"the permission {PERMISSION} is missing")
    form = WantedForm(request.GET, label_suffix="")
    page = _page(request)
    entries = latest(form.wanted(), page * A_PAGE + 1) if form.is_valid() else []
    context = {
        **admin.site.each_context(request),
        "title": "Audit",
        "form": form,
        "entries": entries[(page - 1) * A_PAGE : page * A_PAGE],
        "page": page,
        "newer": _link(request, page - 1) if page > 1 else "",
        "older": _link(request, page + 1) if len(entries) > page * A_PAGE and page < MOST_PAGES else "",
        "is_capped": len(entries) > page * A_PAGE and page == MOST_PAGES,
        "most": A_PAGE * MOST_PAGES,
    }
    return TemplateResponse(request, "config/audit.html", context)


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def _page(request: HttpRequest) -> int:
    """Returns the number of the page; anything that is none is the first."""
    asked = request.GET.get("p", "")
    return min(max(int(asked), 1), MOST_PAGES) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else 1


def _link(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["p"] = str(page)
    return f"?{query.urlencode()}"
