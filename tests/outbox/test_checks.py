"""`manage.py check` finds what would only fail when an event is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import msgspec
import pytest
from django.conf import settings
from django.core.checks import ERROR
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, transaction
from pytest_django import Settings

from outbox import publish
from outbox.checks import check_events, check_in_flight, check_reactions, check_settings
from outbox.compatibility import differences
from outbox.models import Delivery, Reaction
from tests.toy.events import Rung

SOURCES = [
    "manage.py", "config", "outbox", "api", "orders", "inventory", "payments", "shipping", "notifications",
    "webhooks",
]  # fmt: skip


@pytest.fixture
def copy_of_the_project(tmp_path: Path) -> Path:
    for name in SOURCES:
        source = settings.BASE_DIR / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def check(project: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": ""}
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} is not (or not only once) in {file.name}"
    file.write_text(text.replace(old, new))


class TestAPublisher:
    def test_may_not_drop_a_field_that_is_read(self, copy_of_the_project: Path) -> None:
        edit(copy_of_the_project / "orders/events.py", "    customer_email: Findable[Personal[str]]\n", "")
        dropped = "                customer_email=order.customer_email,\n"
        edit(copy_of_the_project / "orders/services/placing.py", dropped, "")
        found = check(copy_of_the_project)
        assert found.returncode != 0
        assert "outbox.E002" in found.stderr
        assert "notifications.send_mail reads orders.OrderPlaced.customer_email: not published." in found.stderr

    def test_may_not_change_a_type_that_is_read_at_any_depth(self, copy_of_the_project: Path) -> None:
        edit(copy_of_the_project / "orders/events.py", "    quantity: int\n", "    quantity: str\n")
        found = check(copy_of_the_project)
        assert "outbox.E003" in found.stderr
        assert "inventory.reserve_stock reads orders.OrderPlaced.lines[].quantity" in found.stderr

    def test_as_it_is_passes(self, copy_of_the_project: Path) -> None:
        found = check(copy_of_the_project)
        assert found.returncode == 0, found.stderr


class Line(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    quantity: int


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    price: int


class WordyLine(msgspec.Struct, frozen=True, kw_only=True):
    quantity: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    at: datetime
    note: str | None
    lines: tuple[Line, ...]
    reason: Literal["a", "b"]
    prices: dict[str, int]


def heard(**fields: object) -> type[msgspec.Struct]:
    return msgspec.defstruct("Heard", list(fields.items()), frozen=True, kw_only=True)


class TestAReader:
    @pytest.mark.parametrize(
        "reader",
        [
            heard(id=UUID, lines=list[Line]),
            heard(id=str, at=str),
            heard(note=str | None),
            heard(reason=str),
            heard(reason=Literal["a", "b", "c"]),
            heard(prices=dict[str, float]),
            heard(),
        ],
    )
    def test_that_asks_for_less_or_for_wider_types_fits(self, reader: type[msgspec.Struct]) -> None:
        assert differences(Said, reader) == []

    @pytest.mark.parametrize(
        ("reader", "kind", "path"),
        [
            (heard(missing=str), "missing", "missing"),
            (heard(note=str), "type", "note"),
            (heard(id=int), "type", "id"),
            (heard(reason=Literal["a"]), "type", "reason"),
            (heard(reason=int), "type", "reason"),
            (heard(lines=list[PricedLine]), "missing", "lines[].price"),
            (heard(lines=list[WordyLine]), "type", "lines[].quantity"),
            (heard(lines=dict[str, int]), "type", "lines"),
            (heard(prices=dict[str, str]), "type", "prices{}"),
        ],
    )
    def test_that_asks_for_more_is_told_where(self, reader: type[msgspec.Struct], kind: str, path: str) -> None:
        (found,) = differences(Said, reader)
        assert (found.kind, found.path) == (kind, path)


class TestTheSettings:
    def test_of_the_project_pass(self) -> None:
        assert check_settings() == []
        assert check_events() == []
        assert [found for found in check_reactions() if found.level >= ERROR] == []

    @pytest.mark.parametrize(
        ("name", "value", "number"),
        [
            ("CELERY_TASK_ACKS_LATE", False, "E014"),
            ("CELERY_TASK_REJECT_ON_WORKER_LOST", False, "E014"),
            ("CELERY_TASK_ALWAYS_EAGER", True, "E014"),
            ("OUTBOX", {"effect_max_attempts": 500}, "E013"),
            ("OUTBOX", {"provider_memory": timedelta(minutes=5)}, "E013"),
        ],
    )
    def test_that_break_a_guarantee_are_refused(
        self, settings: Settings, name: str, value: object, number: str
    ) -> None:
        setattr(settings, name, value)
        assert [found.id for found in check_settings()] == [f"outbox.{number}"]

    def test_without_a_reactions_queue_are_refused(self, settings: Settings) -> None:
        settings.CELERY_TASK_QUEUES = []
        assert {"outbox.E011"} == {found.id for found in check_reactions()}

    def test_with_too_short_a_time_limit_for_an_effect_are_refused(self, settings: Settings) -> None:
        settings.CELERY_TASK_SOFT_TIME_LIMIT = 1
        assert "outbox.E010" in {found.id for found in check_reactions()}


@pytest.mark.django_db
class TestABuildThatDoesNotKnowWhatIsInFlight:
    def test_is_refused(self) -> None:
        Reaction.objects.create(id="toy.of_tomorrow", app="toy", queue="toy", contract={}, batch_size=1, credit=1)
        with transaction.atomic():
            publish(Rung(order_id=uuid4()))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO outbox_delivery (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift)"
                " SELECT position, 'toy.of_tomorrow', order_id, 'waiting', 0, now(), '', '' FROM outbox_event"
            )
        (found,) = check_in_flight(databases=["default"])
        assert (found.id, "toy.of_tomorrow" in found.msg) == ("outbox.E020", True)
        with pytest.raises(SystemCheckError, match=r"toy\.of_tomorrow"):
            call_command("check", databases=["default"])

    def test_is_refused_for_an_event_that_a_reaction_of_ours_has_still_to_answer(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH gone AS (INSERT INTO outbox_event (id, name, version, order_id, payload, cause_kind, cause_id,"
                " also_needed, producer, actor, traceparent) VALUES (gen_random_uuid(), 'toy.RungByHand', 1,"
                " gen_random_uuid(), '{}', '', '', '[]', '', '', '') RETURNING position, order_id)"
                " INSERT INTO outbox_delivery"
                " (event_id, reaction_id, order_id, state, attempts, due_at, outcome, drift)"
                " SELECT position, 'toy.echo', order_id, 'parked', 0, now(), '', '' FROM gone"
            )
        (found,) = check_in_flight(databases=["default"])
        assert (found.id, "toy.RungByHand" in found.msg) == ("outbox.E020", True)

    def test_passes_once_the_reaction_is_retired(self) -> None:
        Reaction.objects.create(id="toy.of_yesterday", app="toy", queue="toy", contract={}, batch_size=1, credit=1)
        with transaction.atomic():
            publish(Rung(order_id=uuid4()))
        call_command("retire", "toy.of_yesterday", verbosity=0)
        assert check_in_flight(databases=["default"]) == []
        assert not Delivery.objects.filter(reaction_id="toy.of_yesterday").exists()
