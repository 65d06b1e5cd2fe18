"""`manage.py benchmark_run`: one run of one side, on the database of DATABASE_URL. `python -m benchmarks` calls it."""

import signal
import sys
from typing import Any

import msgspec
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from benchmarks import measure, wares
from config.supervisor import ChildDiedError


class Command(BaseCommand):
    help = "One run: `prepare` fills an empty database; `drain` and `steady` print what they measure as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=["prepare", "drain", "steady"])
        parser.add_argument("--side", choices=sorted(measure.SIDES), default="murmuration")
        parser.add_argument("--orders", type=int, default=1000)
        parser.add_argument("--server", type=int, help="the process id of the database server")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if options["kind"] == "prepare":
            call_command("migrate", verbosity=0)
            wares.stock_up()
            return
        try:
            run = measure.Run(measure.SIDES[options["side"]](), options["orders"], options["server"])
            result = run.drain() if options["kind"] == "drain" else run.steady()
        except (measure.Void, ChildDiedError) as reason:
            raise CommandError(str(reason)) from reason
        except KeyboardInterrupt:
            sys.exit(130)
        sys.stdout.write(msgspec.json.encode(result).decode())
