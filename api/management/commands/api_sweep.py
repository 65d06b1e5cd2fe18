"""`manage.py api_sweep`: deletes what the API has no use for any more; run it every hour or so."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from api.sweeping import KEPT_FOR, sweep


class Command(BaseCommand):
    help = "Deletes answers kept for repeated requests, expired tokens and ended counters, a few at a time."

    def add_arguments(self, parser: CommandParser) -> None:
        hours = KEPT_FOR.total_seconds() / 3600
        parser.add_argument("--hours", type=float, default=hours, help=f"kept for so long, by default {hours:g}")

    def handle(self, *args: Any, **options: Any) -> None:
        for things, count in sweep(older_than=timedelta(hours=options["hours"])).items():
            self.stdout.write(f"{count} {things}")
