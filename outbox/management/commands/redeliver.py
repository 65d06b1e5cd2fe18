"""`manage.py redeliver`: delivers again what failed, as the admin does, for who has no browser at hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from outbox.models import Operation
from outbox.operations.command_line import actor, add_choice, carry_out, chosen
from outbox.operations.models import Kind


class Command(BaseCommand):
    help = (
        "Delivers again what failed: of several deliveries the first one alone, and the others when it has succeeded. "
        "`manage.py operations` tells what came of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_choice(parser)
        parser.add_argument("--rate", type=int, metavar="N", help="at most so many a second (default: all at once)")
        parser.add_argument("--no-canary", action="store_true", help="do not wait for how the first one ends")
        parser.add_argument("--done-too", action="store_true", help="also those that are done or ignored")
        parser.add_argument(
            "--in-doubt-too", action="store_true", help="also what may have been done outside, such as a mail"
        )
        parser.add_argument("--reason", default="", help="why; it is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        deliveries, group = chosen(options)
        operation = Operation(
            kind=Kind.REDELIVER,
            actor=actor(),
            reason=options["reason"],
            group=group,
            rate=options["rate"],
            canary=len(deliveries) > 1 and not options["no_canary"],
            done_too=options["done_too"],
            in_doubt_too=options["in_doubt_too"],
        )
        self.stdout.write(carry_out(operation, deliveries, dry_run=options["dry_run"]))
