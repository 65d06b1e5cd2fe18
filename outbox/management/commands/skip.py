"""`manage.py skip`: decides that deliveries are not to be done, with a reason that is kept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from outbox.models import Operation
from outbox.operations.command_line import actor, add_choice, carry_out, chosen
from outbox.operations.models import Kind


class Command(BaseCommand):
    help = "Skips deliveries that are parked or wait: they stay in the history, with who and why, and are not done."

    def add_arguments(self, parser: CommandParser) -> None:
        add_choice(parser)
        parser.add_argument("--reason", required=True, help="why; it is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        deliveries, group = chosen(options)
        operation = Operation(kind=Kind.SKIP, actor=actor(), reason=options["reason"], group=group)
        self.stdout.write(carry_out(operation, deliveries, dry_run=options["dry_run"]))
