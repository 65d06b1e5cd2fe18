"""Nothing here can be changed, nothing needs scripts, and whatever stands in the rows is only text."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from orders.models import Order, Product
from outbox.admin import ReadOnlyAdmin
from outbox.models import Delivery, FailureGroup, Heartbeat, Note, Operation, Reaction, RejectedMessage
from tests.admin.pages import look_at
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order

pytestmark = pytest.mark.django_db

MODELS = [
    model
    for model, page in admin.site._registry.items()
    if isinstance(page, ReadOnlyAdmin) and model._meta.app_label in ("outbox", "orders")
]
EVIL = "<script>alert('x')</script>\"'&"
CSP_BREAKERS = re.compile(r"<style|<script(?![^>]*\ssrc=)[^>]*>|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def rows() -> dict[type[Model], Model]:
    """One row of each model, with a script in every text."""
    order = an_order(number=EVIL[:20], customer_email=EVIL, payment_method=EVIL, ship_to={"lines": [EVIL]})
    order.lines.update(name=EVIL, sku=EVIL)
    placed = an_event(
        EVIL, order_id=order.id, payload={EVIL: EVIL}, cause_id=EVIL, producer=EVIL, actor=EVIL, traceparent=EVIL
    )
    reaction = a_reaction(
        EVIL, EVIL, description=EVIL, source=EVIL, contract={"reads": {EVIL: [EVIL]}, "emits": [EVIL], "within_s": 1.0}
    )
    delivery = a_delivery(placed, reaction, state="parked", attempts=1, outcome=EVIL * 20, drift=EVIL)
    an_event(EVIL, order_id=order.id, because_of=placed, producer=EVIL)
    a_failed_attempt(delivery, exception=EVIL, message=EVIL * 20, traceback=EVIL, worker=EVIL, task_id=EVIL)
    assert delivery.dispatch is not None
    delivery.dispatch.worker = EVIL
    delivery.dispatch.save()
    group = FailureGroup.objects.create(
        fingerprint=EVIL, reaction=reaction, exception=EVIL, frame=EVIL, failures=1, last_delivery=delivery
    )
    Delivery.objects.update(failure_group=group)
    operation = Operation.objects.create(
        kind="skip", actor=EVIL, reason=EVIL, about=EVIL, outcome=EVIL, stopped_by=EVIL, counts={"skipped": 1}
    )
    operation.items.create(delivery=delivery, order_id=order.id, outcome="skipped", before=EVIL, words=EVIL * 20)
    for about in ({"order_id": order.id}, {"group": group}):
        Note.objects.create(actor=EVIL, text=EVIL, **about)
    found = [
        group,
        operation,
        order,
        placed,
        reaction,
        delivery,
        delivery.dispatch,
        Product.objects.create(sku=EVIL, name=EVIL, unit_price=1),
        Heartbeat.objects.create(name=EVIL, kind="worker", queues=[EVIL], note=EVIL),
        RejectedMessage.objects.create(queue=EVIL, reason=EVIL, headers=EVIL, body=EVIL),
    ]
    return {type(row): row for row in found}


@pytest.mark.parametrize("model", MODELS)
def test_texts_are_escaped_and_pages_obey_a_strict_csp(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    for page in (
        admin_client.get(address(model, "changelist")).content.decode(),
        admin_client.get(address(model, "change", rows[model].pk)).content.decode(),
    ):
        assert "&lt;script&gt;" in page
        assert "<script>" not in page
        assert not CSP_BREAKERS.findall(page)


def test_the_pages_that_ask_escape_texts_as_well(admin_client: Client, rows: dict[type[Model], Model]) -> None:
    Reaction.objects.update(paused=True)
    page = look_at(admin_client, "outbox_delivery_operate", "redeliver", deliveries=rows[Delivery].pk)
    page += look_at(admin_client, "outbox_reaction_resume", rows[Reaction].pk)
    assert page.count("&lt;script&gt;") >= 2
    assert "<script>" not in page
    assert not CSP_BREAKERS.findall(page)


@pytest.mark.parametrize("view", ["orders_order", "outbox_event", "outbox_delivery"])
def test_the_story_needs_no_script_of_its_own(admin_client: Client, rows: dict[type[Model], Model], view: str) -> None:
    model = next(model for model in rows if f"{model._meta.app_label}_{model._meta.model_name}" == view)
    page = look_at(admin_client, f"{view}_change", rows[model].pk)
    ours = page[page.index('id="content-main"') :]
    assert "<script" not in ours
    assert "<form" not in ours[: ours.index('id="footer"')]


@pytest.mark.parametrize("model", MODELS)
def test_nobody_can_add_change_or_delete(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    pk = rows[model].pk
    assert admin_client.post(address(model, "change", pk), {}).status_code == 403
    assert admin_client.post(address(model, "delete", pk), {"post": "yes"}).status_code == 403
    assert admin_client.post(address(model, "add"), {}).status_code == 403
    admin_client.post(address(model, "changelist"), {"action": "delete_selected", "_selected_action": pk})
    assert model._default_manager.filter(pk=pk).exists()


@pytest.mark.parametrize("model", MODELS)
def test_staff_need_the_view_permission(client: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
    user = get_user_model().objects.create_user("staff", is_staff=True)
    client.force_login(user)
    pages = [address(model, "changelist"), address(model, "change", rows[model].pk)]
    assert [client.get(page).status_code for page in pages] == [403, 403]
    codename = f"view_{model._meta.model_name}"
    user.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label=model._meta.app_label))
    assert [client.get(page).status_code for page in pages] == [200, 200]


@pytest.mark.parametrize("model", MODELS)
def test_strange_ids_lead_back_to_the_index(admin_client: Client, model: type[Model]) -> None:
    for id in ("%00", "9" * 40, "_", "nobody"):
        response = admin_client.get(f"{address(model, 'changelist')}{id}/change/")
        assert response.status_code == 302, id


def test_customers_have_no_access(client: Client) -> None:
    client.force_login(an_order().customer)
    assert client.get(address(Order, "changelist")).status_code == 302
