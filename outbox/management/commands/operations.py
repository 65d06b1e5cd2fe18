"""`manage.py operations`: what staff has done, and what came of it; stops one that is under way."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from outbox.models import Operation
from outbox.operations.command_line import actor, told
from outbox.operations.requesting import Refused, stop

NEWEST = 20


class Command(BaseCommand):
    help = "Lists the newest operations with their verified outcomes, or shows one with each of its deliveries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("operation", nargs="?", type=int, help="its number")
        parser.add_argument("--stop", action="store_true", help="let it begin nothing more")

    def handle(self, *args: Any, operation: int | None, **options: Any) -> None:
        if operation is None:
            if options["stop"]:
                raise CommandError("Say which operation is to be stopped.")
            for one in Operation.objects.order_by("-pk")[:NEWEST]:
                self.stdout.write(told(one))
            return
        found = Operation.objects.filter(pk=operation).first()
        if found is None:
            raise CommandError(f"There is no operation {operation}.")
        if options["stop"]:
            self._stop(found)
        self.stdout.write(told(found))
        for item in found.items.order_by("pk").select_related("delivery"):
            words = f"{item.get_outcome_display().lower()}. {item.words}".strip()
            self.stdout.write(f"  delivery {item.delivery_id} of {item.delivery.reaction_id}: {words}")

    def _stop(self, operation: Operation) -> None:
        try:
            stop(operation, actor=actor())
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        operation.refresh_from_db()
