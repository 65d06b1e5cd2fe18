"""What import contracts cannot see: apps relate to each other by no key, no migration and no statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.architecture.apps import APPS, ROOT, sources
from tests.architecture.guard import guarded


def test_the_apps_on_disk_are_installed() -> None:
    assert len(APPS) >= 5
    assert set(APPS) <= {config.label for config in apps.get_app_configs()}


@pytest.mark.parametrize("app", APPS)
class TestAnApp:
    def others(self, app: str) -> set[str]:
        return {*APPS, "outbox"} - {app}

    def test_has_no_key_to_another(self, app: str) -> None:
        related = {
            f"{model.__name__}.{field.name} -> {field.related_model._meta.label}"
            for model in apps.get_app_config(app).get_models(include_auto_created=True)
            for field in model._meta.get_fields()
            if field.is_relation and field.related_model and field.related_model._meta.app_label in self.others(app)
        }
        assert related == set()

    def test_has_no_migration_that_needs_anothers(self, app: str) -> None:
        migrations = MigrationLoader(None).disk_migrations
        needed = {
            f"{name} needs {other}"
            for (label, name), migration in migrations.items()
            if label == app
            for other in [*migration.dependencies, *migration.run_before]
            if other[0] in self.others(app)
        }
        assert needed == set()

    def test_imports_and_asks_for_nothing_of_another(self, app: str) -> None:
        found = {f"{path.relative_to(ROOT)}: {name}" for path in sources(app) for name in mentioned(path)}
        forbidden = self.others(app) - {"outbox"}
        assert {line for line in found if line.partition(": ")[2].partition(".")[0] in forbidden} == set()

    def test_names_no_table_of_another_in_its_sql(self, app: str) -> None:
        tables = {m._meta.db_table for m in apps.get_models(include_auto_created=True) if m._meta.app_label != app}
        ours = {table for table in tables if table.partition("_")[0] in self.others(app)}
        named = re.compile(rf"\b({'|'.join(sorted(ours))})\b")
        files = [*(ROOT / app).rglob("*.py"), *(ROOT / app).rglob("*.sql")]
        found = {f"{path.relative_to(ROOT)}: {name}" for path in files for name in named.findall(path.read_text())}
        assert found == set()


def mentioned(path: Path) -> Iterator[str]:
    """The modules that a file imports, and what it asks Django's registry for."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.Call(func=ast.Attribute(attr="get_model" | "get_app_config" | "import_module"), args=[first, *_]):
                yield ast.unparse(first).strip("'\"")


@pytest.mark.django_db
class TestTheGuard:
    """The guard itself, on code that says that it belongs to an app."""

    def trespasses_of(self, module: str, sql: str) -> list[str]:
        with guarded() as trespasses, connection.cursor() as cursor:
            exec("execute(sql)", {"__name__": module, "execute": cursor.execute, "sql": sql})
        return trespasses

    @pytest.mark.parametrize(
        ("module", "sql"),
        [
            ("orders.services", "SELECT * FROM inventory_stock"),
            ("orders.services", 'SELECT 1 FROM orders_order JOIN "payments_payment" ON true'),
            ("shipping.services", "DELETE FROM outbox_delivery"),
            ("outbox.relay.claim", "SELECT * FROM orders_order"),
        ],
    )
    def test_sees_a_trespass(self, module: str, sql: str) -> None:
        (trespass,) = self.trespasses_of(module, sql)
        assert trespass.startswith(f"{module.partition('.')[0]} touches ")

    @pytest.mark.parametrize(
        ("module", "sql"),
        [
            ("orders.services", "SELECT * FROM orders_order"),
            ("orders.services", "SELECT * FROM auth_user"),
            ("outbox.relay.claim", "SELECT * FROM outbox_delivery"),
            ("tests.anything", "SELECT * FROM orders_order, outbox_delivery"),
        ],
    )
    def test_lets_everybody_use_what_is_their_own(self, module: str, sql: str) -> None:
        assert self.trespasses_of(module, sql) == []
