"""`manage.py refold`: brings each order's status to what its events amount to, and says what did not fit."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from orders import services


class Command(BaseCommand):
    help = (
        "Folds the events of all orders anew, shows each order that keeps something else, and mends it. While orders "
        "come in, one whose events are still to be delivered to orders.track_progress is shown as well."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="mend nothing; fail if an order does not fit")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        examined = found = mended = 0
        for batch in services.in_batches():
            with transaction.atomic():
                mismatches = services.mismatches(batch)
                for mismatch in mismatches:
                    self.stdout.write(str(mismatch))
                mended += 0 if check else services.mend(mismatches)
            examined += len(batch)
            found += len(mismatches)
        summary = f"{examined} orders examined, {found} do not fit their events, {mended} mended."
        if found > mended:
            raise CommandError(summary)
        self.stdout.write(summary)
