"""The page of the scenario lab: what can be run, and what has become of what was run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from config.lab.running import customer_or, run
from config.lab.scenarios import BY_CODE, SCENARIOS, Scenario
from orders.admin.marks import status_mark
from orders.models import Order
from outbox.admin.asking import Done, PlainForm, Question, actor_of, ask, log_on_orders
from outbox.admin.links import order_url
from outbox.models import Operation
from outbox.operations.models import Kind

PERMISSION = "outbox.run_scenario"
NEWEST = 25


@require_safe
def lab(request: HttpRequest) -> HttpResponse:
    """Shows the scenarios and the latest runs."""
    _refuse_others(request)
    context = {
        **admin.site.each_context(request),
        "title": "Scenario lab",
        "scenarios": SCENARIOS,
        "runs": list(_latest()),
        "newest": NEWEST,
        "may_run": request.user.has_perm(PERMISSION),
        "permission": PERMISSION,
    }
    return TemplateResponse(request, "config/lab.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def run_scenario(request: HttpRequest, code: str) -> HttpResponse:
    """Tells what a scenario would order and asks; once that is answered runs it, and leads to its order."""
    _refuse_others(request)
    scenario = BY_CODE.get(code)
    if scenario is None:
        raise Http404("there is no such scenario")
    customer = customer_or(cast(User, request.user))

    def act(answer: dict[str, Any]) -> Done:
        order = run(scenario, actor=actor_of(request), customer=customer)
        log_on_orders(request, [order.pk], f"Ran the scenario {scenario.code}.")
        return Done(f"{scenario.title}: this is its order. {scenario.sentence}", order_url(order.pk))

    question = Question(
        title=f"Run “{scenario.title}”?",
        lead=scenario.sentence,
        submit="Place the order",
        permission=PERMISSION,
        back=reverse("lab"),
        form=PlainForm,
        template="config/lab_run.html",
        context={"scenario": scenario, "customer": customer, "ends": sorted(scenario.ends)},
        act=act,
    )
    return ask(request, question)


def _refuse_others(request: HttpRequest) -> None:
    """Outside of the sandbox there is no lab; in it, it is for staff who may see what it makes."""
    if not settings.SANDBOX:
        raise Http404("the lab is part of the sandbox")
    if not request.user.has_perms(["orders.view_order", "outbox.view_operation"]):
        raise PermissionDenied


def _latest() -> Iterator[dict[str, Any]]:
    """The latest runs, each with its order as it is now. Two statements."""
    runs = list(Operation.objects.filter(kind=Kind.SCENARIO).order_by("-requested_at")[:NEWEST])
    orders = Order.objects.in_bulk([run.order_id for run in runs if run.order_id])
    for one in runs:
        order = orders.get(one.order_id) if one.order_id else None
        yield {
            "operation": one,
            "title": _title(BY_CODE.get(one.about), one),
            "order": order,
            "status": status_mark(order.status) if order else "",
        }


def _title(scenario: Scenario | None, operation: Operation) -> str:
    """One that a later release has dropped is called by its code."""
    return scenario.title if scenario else operation.about
