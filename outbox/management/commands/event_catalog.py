"""`manage.py event_catalog`: writes docs/event-catalog.md, or checks that it is fresh."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from outbox.catalog import render


class Command(BaseCommand):
    help = "Writes the event catalogue from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is stale")
        parser.add_argument("--file", type=Path, default=settings.BASE_DIR / "docs" / "event-catalog.md")

    def handle(self, *args: Any, check: bool, file: Path, **options: Any) -> None:
        fresh = render()
        if not check:
            file.write_text(fresh)
        elif not file.exists() or file.read_text() != fresh:
            raise CommandError(f"{file.name} is stale: run python manage.py event_catalog and commit it.")
