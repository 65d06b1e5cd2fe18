"""`manage.py resume`: lets a paused reaction go on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from outbox.operations.command_line import actor, existing_reaction, told
from outbox.operations.requesting import Refused, resume


class Command(BaseCommand):
    help = "Resumes a paused reaction. What has piled up comes in large batches."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reaction", help="its id, such as notifications.send_mail")
        parser.add_argument("--reason", default="", help="why; it is kept")

    def handle(self, *args: Any, reaction: str, reason: str, **options: Any) -> None:
        try:
            operation = resume(existing_reaction(reaction), actor=actor(), reason=reason)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(told(operation))
