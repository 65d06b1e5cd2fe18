"""Whole journeys: apps stay at their own tables, and every reaction that hears an event twice changes nothing."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.functions import Now

from orders.models import Order
from outbox.models import Delivery
from outbox.models import Event as EventRow
from outbox.reactions import reactions
from outbox.testing import make_due, run_until_quiet
from tests.architecture.apps import APPS

REACTIONS = sorted(id for id, reaction in reactions().items() if reaction.app in APPS)


@pytest.mark.django_db
class TestWholeJourneys:
    def test_end_settled_with_nothing_open_and_nothing_adrift(self, journeys: None) -> None:
        assert sorted(Order.objects.values_list("status", flat=True)) == ["cancelled"] * 4 + ["shipped"]
        assert not Delivery.objects.exclude(state__in=["done", "ignored"]).exists()
        assert not Delivery.objects.exclude(drift="").exists()
        assert not Delivery.objects.exclude(attempts=0).exists()

    def test_pass_by_every_reaction(self, journeys: None) -> None:
        heard = Delivery.objects.values_list("reaction_id", flat=True).distinct()
        assert sorted(id for id in heard if id.partition(".")[0] in APPS) == REACTIONS

    def test_keep_every_app_to_its_own_tables(self, tables_kept_apart: None, request: pytest.FixtureRequest) -> None:
        request.getfixturevalue("journeys")
        assert Order.objects.exists()


def everything_the_apps_know() -> dict[str, list[tuple[object, ...]]]:
    """The contents of all tables of all apps."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    contents = {}
    with connection.cursor() as cursor:
        for model in models:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")
            contents[model._meta.label] = cursor.fetchall()
    return contents


@pytest.mark.django_db
@pytest.mark.parametrize("reaction", REACTIONS)
def test_twice_changes_nothing(journeys: None, reaction: str) -> None:
    heard = Delivery.objects.filter(reaction_id=reaction)
    assert heard.exists()
    before, events = everything_the_apps_know(), EventRow.objects.count()
    heard.update(state="waiting", done_at=None, dispatch=None, due_at=Now())
    run_until_quiet()
    make_due()
    run_until_quiet()
    assert everything_the_apps_know() == before
    assert EventRow.objects.count() == events
    assert not heard.filter(attempts__gt=0).exists()
    assert not heard.filter(state="waiting").exists()
