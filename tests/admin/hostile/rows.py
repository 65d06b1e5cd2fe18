"""A row of every model there is, made from its fields: whatever text fits into one is hostile.

A model that is new is filled as well. One whose columns have to fit together says so in `GIVEN`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Model
from django.utils import timezone

from outbox.events import published_events
from outbox.models import MutedContract
from outbox.operations.muting import answer_of
from tests.admin.hostile.texts import NAME, SHORT, hostile, payload_of
from tests.admin.rows import a_delivery, a_failed_attempt, a_reaction, an_event, an_order

ORDER = UUID(int=4711)
DJANGOS = {"admin", "contenttypes", "sessions", "toy"}  # the log is written about all others
SILENT = NAME[:-1]
ADDRESS = {"recipient": SHORT, "lines": [SHORT], "locality": SHORT, "postal_code": SHORT, "country": SHORT}
GIVEN: dict[str, dict[str, Any]] = {
    "auth.user": {"is_staff": True},
    "orders.order": {"id": ORDER, "ship_to": ADDRESS},
    "inventory.stock": {"on_hand": 5, "reserved": 1},
    "outbox.event": {"name": NAME, "cause_kind": "request"},
    "outbox.subscription": {"event_name": NAME},
    "outbox.reaction": {"paused": True, "contract": {"reads": {NAME: [SHORT]}, "emits": [NAME], "within_s": 1.0}},
    "outbox.delivery": {"state": "parked", "attempts": 1},
    "outbox.note": {"group": None},
    "notifications.mail": {"refusal": 550},
    "outbox.operation": {"counts": {"skipped": 1}},
}
TEXTS = (models.CharField, models.TextField)
Rows = dict[type[Model], Model]


def fill() -> Rows:
    """Makes a row of every model of ours, an order to which everything has happened, and one that is stuck."""
    rows: Rows = {}
    for model in apps.get_models():
        if model._meta.app_label not in DJANGOS:
            _row_of(model, rows)
    _let_everything_happen()
    _let_one_be_stuck()
    _let_one_drift()
    _let_contracts_be_silent()
    _log_about(rows)
    return rows


def _row_of(model: type[Model], rows: Rows) -> Model:
    """The row of this model, which is made together with those that it points to."""
    if model not in rows:
        given = GIVEN.get(model._meta.label_lower, {})
        fields = [field for field in model._meta.concrete_fields if field.name not in given and not _has_own(field)]
        rows[model] = models.QuerySet(model).create(**given, **{field.name: _value(field, rows) for field in fields})
    return rows[model]


def _has_own(field: models.Field[Any, Any]) -> bool:
    """Whether the field says itself what it is, so that nobody's text gets in."""
    is_text = isinstance(field, TEXTS) and not field.choices
    generated = isinstance(field, models.AutoField | models.BigAutoField | models.GeneratedField)
    return generated or (not is_text and field.name != "order_id" and (field.has_default() or field.has_db_default()))


def _value(field: models.Field[Any, Any], rows: Rows) -> Any:
    if isinstance(field, models.ForeignKey):
        return rows.get(field.related_model) if field.null else _row_of(field.related_model, rows)
    if isinstance(field, models.UUIDField):
        return ORDER
    if field.null and not isinstance(field, TEXTS):
        return None
    if field.choices:
        return field.choices[0][0]
    return next(make(field) for kind, make in VALUES.items() if isinstance(field, kind))


VALUES: dict[type[models.Field[Any, Any]], Callable[[Any], Any]] = {
    models.JSONField: lambda field: {SHORT: SHORT},
    models.CharField: lambda field: _one_line(field) if field.primary_key else hostile(field.max_length),
    models.TextField: lambda field: hostile(),
    models.DateTimeField: lambda field: timezone.now(),
    models.DateField: lambda field: timezone.now().date(),
    models.DurationField: lambda field: timedelta(seconds=1),
    models.BooleanField: lambda field: False,
    models.Field: lambda field: 1,
}


def _one_line(field: models.Field[Any, Any]) -> str:
    """What a row is called stands in addresses, where a name of several lines has no place."""
    return hostile(field.max_length).replace("\n", " ")


def _let_everything_happen() -> None:
    """Every event there is happens to the order, and of each a delivery fails."""
    for n, (name, event) in enumerate(published_events().items()):
        said = SHORT if n else hostile()  # a page of nothing but long texts takes long to look at
        happened = an_event(name, order_id=ORDER, payload=payload_of(event), actor=SHORT, producer=SHORT)
        failed = a_delivery(happened, "payments.capture", state="parked", attempts=1, outcome=said, drift=SHORT)
        a_failed_attempt(failed, exception=SHORT, message=said, traceback=said, worker=SHORT, task_id=SHORT[:60])
        a_delivery(happened, "shipping.ship_order", outcome=said)


def _let_one_be_stuck() -> None:
    """An order waits for a reaction whose name nobody should have chosen."""
    order = an_order(
        number=hostile(19), customer_email='"<evil evil=1>"@evil.org', payment_method=SHORT[:100], ship_to=ADDRESS
    )
    placed = an_event(NAME, order_id=order.pk, payload={SHORT: SHORT}, producer=SHORT, actor=SHORT)
    stuck = a_delivery(placed, a_reaction(NAME, NAME), state="parked", attempts=1, outcome=hostile())
    a_failed_attempt(stuck, exception=SHORT, message=hostile(), traceback=hostile())


def _let_one_drift() -> None:
    """An order keeps a status that its events do not amount to."""
    an_event("nobody.Hears", order_id=an_order(status="paid").pk)


def _let_contracts_be_silent() -> None:
    """An answer never came, of a contract with a name like that; another's silence is muted."""
    silent = a_reaction(SILENT, NAME)
    silent.contract = {"reads": {NAME: [SHORT]}, "emits": [NAME], "within_s": 1.0}
    silent.save()
    a_delivery(an_event(NAME, order_id=an_order().pk), silent, state="done", outcome=hostile())
    for muted in MutedContract.objects.select_related("reaction"):
        muted.answer = answer_of(muted.reaction)
        muted.save()


def _log_about(rows: Rows) -> None:
    """Somebody has done something to each row, which its history and the first page tell."""
    user = next(row for model, row in rows.items() if model._meta.label == "auth.User")
    for model, row in rows.items():
        LogEntry.objects.create(
            user_id=user.pk, content_type=ContentType.objects.get_for_model(model), object_id=str(row.pk),
            object_repr=SHORT, action_flag=2, change_message=hostile(),
        )  # fmt: skip
