"""`manage.py relay`: hands events to Celery until it is stopped."""

import signal
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand
from django.db import connection

from outbox.relay.run import Relay


def commit_asynchronously() -> None:
    """What the relay writes may be lost in a crash of the database server, all of it: it is done again from the table.

    Nothing that others commit can depend on it and survive it, for their commits bring the relay's to disk as well.
    """
    options = connection.settings_dict["OPTIONS"]
    options["options"] = f"{options.get('options', '')} -c synchronous_commit=off"


class Command(BaseCommand):
    help = "Hands new events, and deliveries that are due again, to Celery. Any number of relays may run."

    def handle(self, *args: Any, **options: Any) -> None:
        commit_asynchronously()
        relay = Relay(current_app._get_current_object())  # type: ignore[attr-defined]
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: relay.stop())
        relay.run()
