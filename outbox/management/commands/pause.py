"""`manage.py pause`: keeps a reaction from being handed anything more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from outbox.operations.command_line import actor, existing_reaction, told
from outbox.operations.requesting import Refused, pause


class Command(BaseCommand):
    help = "Pauses a reaction: its deliveries wait until `manage.py resume`. What was sent before still runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reaction", help="its id, such as notifications.send_mail")
        parser.add_argument("--reason", required=True, help="why; it is kept")

    def handle(self, *args: Any, reaction: str, reason: str, **options: Any) -> None:
        try:
            operation = pause(existing_reaction(reaction), actor=actor(), reason=reason)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(told(operation))
