"""`manage.py index_references`: makes orders findable by what their older events say."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Max

from outbox.models import Event
from outbox.references import note_older

STEP = 10_000


class Command(BaseCommand):
    help = (
        "Notes the references of events that were fanned out before their fields were declared Findable; "
        "what has been noted stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--after", type=int, default=0, help="only events after this position")

    def handle(self, *args: Any, after: int, **options: Any) -> None:
        latest = Event.objects.aggregate(latest=Max("position"))["latest"] or 0
        added = sum(note_older(start, min(start + STEP, latest)) for start in range(after, latest, STEP))
        self.stdout.write(f"{added} references were missing up to position {latest}.")
